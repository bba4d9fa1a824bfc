import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { LineTally } from "../../src/archive/line-tally.ts";
import { IdSet } from "../../src/rows/id-set.ts";
import { UserTally } from "../../src/snapshot/tallies.ts";

const PROPERTIES = ["id", "displayName", "accountEnabled"];
const ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const RIGHT = `{"id":"${ID}","displayName":"Lidia","accountEnabled":true}`;

function problemsOf(line: string, properties = PROPERTIES): readonly string[] {
  const tally = new LineTally(properties, new IdSet(), new UserTally());
  tally.add(Buffer.from(line));
  return tally.problems();
}

function isObjectId(value: unknown): boolean {
  const isGuid = typeof value === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
  return isGuid && /[1-9a-f]/i.test(value);
}

/** What parsing the line says of it. */
function expectedOf(line: string): readonly string[] {
  let user: unknown;
  try {
    user = JSON.parse(line);
  } catch {
    return ["line 1 is not a JSON object"];
  }
  if (typeof user !== "object" || user === null || Array.isArray(user))
    return ["line 1 is not a JSON object"];
  if (!("id" in user && isObjectId(user.id))) return ["line 1 has no object id"];
  const isRight = Object.keys(user).join(",") === PROPERTIES.join(",");
  return isRight ? [] : ["line 1 has other properties than the manifest says"];
}

describe("a line of a part", () => {
  it("is right if it has an id and the manifest's properties, however its JSON is written", () => {
    for (const line of [
      RIGHT,
      RIGHT.replace('"displayName"', '"display\\u004eame"'),
      RIGHT.replace("87d3", "\\u0038\\u0037d3"),
      RIGHT.replace('"Lidia"', '{"deep":[[{"er":-1.5e3}],null,""]}'),
      RIGHT.replaceAll(":", " : "),
    ])
      assert.deepEqual(problemsOf(line), [], line);
  });

  it("is told of by what is wrong with it first", () => {
    for (const [line, problem] of [
      ["", "is not a JSON object"],
      ["[]", "is not a JSON object"],
      [`${RIGHT}}`, "is not a JSON object"],
      [RIGHT.slice(0, -1), "is not a JSON object"],
      [RIGHT.replace("true", "tru"), "is not a JSON object"],
      [RIGHT.replace("true", "01"), "is not a JSON object"],
      [RIGHT.replace("}", ",}"), "is not a JSON object"],
      [RIGHT.replace("Lidia", "Li\tdia"), "is not a JSON object"],
      // Which whoever reads the line with JSON.parse could not.
      [`\ufeff${RIGHT}`, "is not a JSON object"],
      // Deeper than any line that Rollcall writes.
      [RIGHT.replace('"Lidia"', `${"[".repeat(128)}${"]".repeat(128)}`), "is not a JSON object"],
      ["{}", "has no object id"],
      [RIGHT.replace(ID, "00000000-0000-0000-0000-000000000000"), "has no object id"],
      [RIGHT.replace(`"${ID}"`, "7"), "has no object id"],
      [RIGHT.replace("displayName", "surname"), "has other properties than the manifest says"],
      [RIGHT.replace(',"accountEnabled":true', ""), "has other properties than the manifest says"],
      [RIGHT.replace("}", ',"mail":null}'), "has other properties than the manifest says"],
      // The same one twice, of which a parser would keep one.
      [RIGHT.replace("}", ',"displayName":"Else"}'), "has other properties than the manifest says"],
      [RIGHT.replace("}", ',"accountEnabled":true}'), "has other properties than the manifest says"],
      [RIGHT.replace("{", `{"id":"${ID}",`), "has other properties than the manifest says"],
    ] as const)
      assert.deepEqual(problemsOf(line), [`line 1 ${problem}`], line);
  });

  it("has its properties in the manifest's order, whatever they are called", () => {
    const names = ["__proto__", "id", 'with "quotes"', "back\\slash", "2", "1", "a,b", "é", "\ud800"];
    const members = names.map((name) => `${JSON.stringify(name)}:${name === "id" ? `"${ID}"` : "null"}`);
    assert.deepEqual(problemsOf(`{${members}}`, names), []);
    assert.deepEqual(problemsOf(`{${members.toReversed()}}`, names), [
      "line 1 has other properties than the manifest says",
    ]);
  });

  it("is told of as parsing would, whatever is cut out of it or put in", () => {
    const pieces = fc.constantFrom(
      "",
      '"',
      "{",
      "}",
      ",",
      ":",
      "[",
      "]",
      "\\",
      "0",
      "null",
      " ",
      "é",
      "\u0001",
    );
    const at = fc.nat(RIGHT.length);
    fc.assert(
      fc.property(at, fc.nat(3), pieces, (from, length, piece) => {
        const line = RIGHT.slice(0, from) + piece + RIGHT.slice(from + length);
        assert.deepEqual(problemsOf(line), expectedOf(line), line);
      }),
      { numRuns: 3000 },
    );
  });
});
