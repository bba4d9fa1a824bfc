import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { readPage } from "../../src/graph/page.ts";
import { DamagedBodyError } from "../../src/http/http-client.ts";
import { MAX_DEPTH } from "../../src/rows/json-scan.ts";
import { MAX_LINE_BYTES } from "../../src/rows/line-limit.ts";
import { guidOf } from "../support/guid.ts";

const ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const NEXT = "https://graph.microsoft.com/v1.0/users?$skiptoken=RFNwdAIAAQ%2b";

/** A user of a page, in forms that can be compared. */
interface Row {
  readonly id: string;
  readonly line: string;
}

/** Reads what Graph would send, as an object or as the very text of the body. */
function read(
  body: unknown,
  properties: readonly string[] = ["id"],
): { readonly rows: readonly Row[]; readonly nextLink: string | undefined } {
  const { rows, nextLink } = readPage(bytesOf(body), properties);
  return {
    rows: Array.from({ length: rows.count }, (_, index) => ({
      id: guidOf(rows.ids, index),
      line: rows.line(index).toString(),
    })),
    nextLink,
  };
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** What is wrong with a body. */
function problemOf(body: unknown, properties?: readonly string[]): string {
  try {
    read(body, properties);
  } catch (error) {
    if (error instanceof DamagedBodyError) return error.message;
    throw error;
  }
  return assert.fail("it was read");
}

/** A page with one user who has this for a value, which need not be JSON. */
function pageWith(json: string): string {
  return `{"value":[{"id":"${ID}","x":${json}}]}`;
}

/** Runs in another process, so it knows nothing of this file. In pieces, not to be a text of that size. */
function pagesOf50Megabytes(id: string): readonly (readonly Buffer[])[] {
  const user = (json: readonly Buffer[]) => [
    Buffer.from(`{"value":[{"id":"${id}","x":`),
    ...json,
    Buffer.from("}]}"),
  ];
  const keys = Array.from({ length: 50 }, (_, thousand) =>
    Buffer.from(Array.from({ length: 100_000 }, (_, at) => `,"${thousand}-${at}":1`).join("")),
  );
  return [
    user([Buffer.from("1"), ...keys]),
    user([Buffer.from('"'), Buffer.alloc(50_000_000, "x"), Buffer.from('"')]),
    user([Buffer.from("["), Buffer.alloc(50_000_000, "1,"), Buffer.from("1]")]),
    [Buffer.from('{"value":[{"id":"'), Buffer.alloc(50_000_000, "8"), Buffer.from('"}]}')],
    user([Buffer.alloc(50_000_000, "[")]),
  ];
}

/** The only row of a page that holds this user. */
function rowOf(user: unknown, properties: readonly string[]): Row {
  const row = read(typeof user === "string" ? `{"value":[${user}]}` : { value: [user] }, properties).rows[0];
  assert.ok(row);
  return row;
}

describe("readPage", () => {
  it("gives rows and the next link exactly as sent", () => {
    assert.deepEqual(read({ "@odata.context": "x", "@odata.nextLink": NEXT, value: [{ id: ID }] }), {
      rows: [{ id: ID, line: `{"id":"${ID}"}` }],
      nextLink: NEXT,
    });
  });

  it("takes a page without a next link for the last", () => {
    assert.deepEqual(read({ value: [] }), { rows: [], nextLink: undefined });
  });

  it("does not take a page whose next link has another name for the last", () => {
    for (const name of ["@nextLink", "odata.nextLink", "@odata.nextlink"]) {
      assert.match(problemOf({ value: [], [name]: NEXT }), /not named @odata\.nextLink/, name);
      assert.match(
        problemOf({ [name]: NEXT, "@odata.nextLink": NEXT, value: [] }),
        /not named @odata\.nextLink/,
        name,
      );
    }
  });

  it("takes an empty page with a next link for a page", () => {
    assert.deepEqual(read({ value: [], "@odata.nextLink": NEXT }), { rows: [], nextLink: NEXT });
  });

  it("reads over a byte order mark", () => {
    assert.equal(read(`\uFEFF{"value":[{"id":"${ID}"}]}`).rows.length, 1);
  });

  describe("makes a line that", () => {
    it("holds the selected properties in the selected order", () => {
      const user = { mail: "a@contoso.com", id: ID, displayName: "A", surname: "not asked for" };
      assert.equal(
        rowOf(user, ["displayName", "id", "mail"]).line,
        `{"displayName":"A","id":"${ID}","mail":"a@contoso.com"}`,
      );
    });

    it("has null for a property that Graph left out", () => {
      assert.equal(
        rowOf({ id: ID, mail: null }, ["id", "mail", "displayName"]).line,
        `{"id":"${ID}","mail":null,"displayName":null}`,
      );
    });

    it("keeps false, zero and empty values", () => {
      const user = { id: ID, a: false, b: 0, c: "", d: [], e: {} };
      assert.equal(rowOf(user, ["a", "b", "c", "d", "e"]).line, '{"a":false,"b":0,"c":"","d":[],"e":{}}');
    });

    it("keeps nested values and their order", () => {
      const assignedLicenses = [{ skuId: "x", disabledPlans: ["b", "a"] }];
      const employeeOrgData = { costCenter: "1", division: null };
      const { line } = rowOf({ id: ID, assignedLicenses, employeeOrgData }, [
        "assignedLicenses",
        "employeeOrgData",
      ]);
      assert.equal(
        line,
        '{"assignedLicenses":[{"skuId":"x","disabledPlans":["b","a"]}],"employeeOrgData":{"costCenter":"1","division":null}}',
      );
    });

    it("keeps any character as sent", () => {
      const names = [
        "Zoë Müller",
        "李小龍",
        "🦄👩‍👩‍👧",
        "e\u0301",
        "a\u2028b\u2029c",
        '"quoted" \\ back',
        "\u0000\u001f\u007f",
        " blank ",
      ];
      for (const displayName of names) {
        const { line } = rowOf({ id: ID, displayName }, ["displayName"]);
        assert.deepEqual(JSON.parse(line), { displayName });
      }
      assert.equal(
        rowOf({ id: ID, displayName: "Zoë\u2028" }, ["displayName"]).line,
        '{"displayName":"Zoë\u2028"}',
      );
    });

    it("keeps half of a surrogate pair as an escape", () => {
      const { line } = rowOf(`{"id":"${ID}","displayName":"\\ud83e"}`, ["displayName"]);
      assert.equal(line, '{"displayName":"\\ud83e"}');
    });

    it("holds no line break", () => {
      const text = "one\ntwo\r\nthree\rfour";
      const { line } = rowOf({ id: ID, displayName: text, other: { nested: [text] } }, [
        "displayName",
        "other",
      ]);
      assert.doesNotMatch(line, /[\r\n]/);
      assert.deepEqual(JSON.parse(line), { displayName: text, other: { nested: [text] } });
    });

    it("keeps a date and a number as sent", () => {
      const { line } = rowOf(`{"id":"${ID}","createdDateTime":"2026-11-22T02:00:00.1234567Z","n":-12.5}`, [
        "createdDateTime",
        "n",
      ]);
      assert.equal(line, '{"createdDateTime":"2026-11-22T02:00:00.1234567Z","n":-12.5}');
    });

    // A directory extension of type LargeInteger holds 64 bits; JavaScript's numbers are exact up to 53.
    it("keeps a large integer as sent", () => {
      const { line } = rowOf(`{"id":"${ID}","extension_x_number":9007199254740993}`, ["extension_x_number"]);
      assert.equal(line, '{"extension_x_number":9007199254740993}');
    });

    it("is not misled by a property called __proto__", () => {
      const { line } = rowOf(`{"id":"${ID}","__proto__":{"mail":"x"}}`, ["id", "mail"]);
      assert.equal(line, `{"id":"${ID}","mail":null}`);
    });
  });

  it("gives an id in lower case beside the line, which keeps it as sent", () => {
    assert.deepEqual(rowOf({ id: ID.toUpperCase() }, ["id"]), {
      id: ID,
      line: `{"id":"${ID.toUpperCase()}"}`,
    });
  });

  describe("says which user of a sound page is unusable:", () => {
    for (const [what, user] of [
      ["without an id", { displayName: "A" }],
      ["whose id is null", { id: null }],
      ["whose id is a number", { id: 5 }],
      ["whose id is empty", { id: "" }],
      ["whose id is no GUID", { id: "adele@contoso.com" }],
      ["whose id has something behind it", { id: `${ID} ` }],
      ["whose id has a letter that looks like a digit in Latin-1", { id: ID.replace("1", "\u0131") }],
      ["whose id is the nil GUID", { id: "00000000-0000-0000-0000-000000000000" }],
    ] as const) {
      it(`one ${what}`, () => {
        const problem = problemOf({ value: [{ id: ID }, { id: ID }, user, null] });
        assert.equal(problem, "the user at position 3 of the page has no object id");
      });
    }

    for (const [what, user] of [
      ["null", null],
      ["text", ID],
      ["a list", [ID]],
    ] as const) {
      it(`one that is ${what}`, () => {
        const problem = problemOf({ value: [{ id: ID }, user, {}] });
        assert.equal(problem, "the user at position 2 of the page is not an object");
      });
    }

    it("one that does not fit a line of a snapshot, and what of it is so long", () => {
      const user = { id: ID, displayName: "A", notes: "x".repeat(MAX_LINE_BYTES) };
      const bytes = Buffer.byteLength(JSON.stringify(user));
      assert.equal(
        problemOf({ value: [{ id: ID }, user] }, ["id", "displayName", "notes"]),
        `the user at position 2 of the page takes ${bytes} bytes, more than the 4194304 that a line may have: ${ID}, ` +
          "most of it notes, which ROLLCALL_PROPERTIES can leave out",
      );
    });

    it("the one with whom a page of almost empty users grows to many times its size", () => {
      const properties = [
        "id",
        ...Array.from({ length: 1000 }, (_, index) => `${"long".repeat(25)}${index}`),
      ];
      const value = Array.from({ length: 1500 }, () => ({ id: ID }));
      assert.match(
        problemOf({ value }, properties),
        /^the user at position 1\d\d\d of the page is one too many/,
      );
    });
  });

  it("fits a user to the last byte of a line", () => {
    const user = { id: ID, notes: "x".repeat(MAX_LINE_BYTES) };
    const tooMuch = Buffer.byteLength(JSON.stringify(user)) - MAX_LINE_BYTES;
    user.notes = user.notes.slice(tooMuch);
    assert.equal(rowOf(user, ["id", "notes"]).line.length, MAX_LINE_BYTES);
    user.notes += "x";
    assert.match(problemOf({ value: [user] }, ["id", "notes"]), /position 1 of the page takes 4194305 bytes/);
  });

  // A heap that holds neither the keys nor the text of such a page; the bytes themselves are outside of it.
  it("reads or refuses a page of 50 MB in a small heap", () => {
    const script = `
      const { readPage } = await import(${JSON.stringify(new URL("../../src/graph/page.ts", import.meta.url))});
      const pages = ${pagesOf50Megabytes};
      const outcomes = pages("${ID}").map((page) => {
        try {
          return readPage(Buffer.concat(page), ["id", "x"]).rows.count;
        } catch (error) {
          return error.message.slice(0, 60);
        }
      });
      console.log(JSON.stringify(outcomes));`;
    const options = ["--max-old-space-size=64", "--input-type=module", "--eval", script];
    assert.deepEqual(JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" })), [
      1,
      "the user at position 1 of the page takes 50000052 bytes, mor",
      "the user at position 1 of the page takes 50000053 bytes, mor",
      "the user at position 1 of the page has no object id",
      "it is not JSON: nested too deeply at byte 185",
    ]);
  });

  it("minds no long value that was not asked for", () => {
    assert.equal(rowOf({ id: ID, notes: "x".repeat(MAX_LINE_BYTES) }, ["id"]).line, `{"id":"${ID}"}`);
  });

  it("judges a page whole before it looks at its users", () => {
    const noId = '{"displayName":"A"}';
    for (const cut of [
      `{"value":[{"id":"${ID}"},`,
      `{"value":[${noId},`,
      `{"value":[${noId},{"id":"${ID}"`,
      `{"value":[${noId}]`,
      `{"value":[${noId}]}x`,
      `{"value":[null,{"id":"${ID}","x":"\\x"}]}`,
    ]) {
      assert.match(problemOf(cut), /^it is not JSON: /, cut);
    }
    assert.equal(problemOf(`{"value":[${noId}],"error":{}}`), "it is an error document");
    assert.equal(problemOf(`{"value":[${noId}],"@odata.nextLink":"/x"}`), "its next link is not a URL");
  });

  it("takes an id that is almost the nil GUID", () => {
    const id = "00000000-0000-0000-0000-000000000001";
    assert.equal(rowOf({ id }, ["id"]).id, id);
  });

  describe("finds no page in", () => {
    for (const [what, body] of [
      ["an error document", { error: { code: "UnknownError", message: "" } }],
      ["an error document with users in it", { error: { code: "UnknownError" }, value: [{ id: ID }] }],
      ["a document without value", { "@odata.context": "x" }],
      ["a value that is no list", { value: { id: ID } }],
      ["a value that is null", { value: null }],
      ["a list", [{ id: ID }]],
      ["null", null],
      ["text in quotes", '"value"'],
      ["HTML", "<html><body>502 Bad Gateway</body></html>"],
      ["nothing", ""],
      ["half of a page", `{"value":[{"id":"${ID}"},{"id":"87d3`],
      ["two pages in one", '{"value":[]}{"value":[]}'],
      ["a next link that is no URL", { value: [], "@odata.nextLink": "/v1.0/users?$skiptoken=x" }],
      ["a next link that is empty", { value: [], "@odata.nextLink": "" }],
      ["a next link that is null", { value: [], "@odata.nextLink": null }],
      ["a next link that is no text", { value: [], "@odata.nextLink": 5 }],
      ["a next link with a broken escape", '{"value":[],"@odata.nextLink":"https://a.example/\\x"}'],
      ["an error whose key is written with an escape", '{"value":[],"err\\u006fr":{}}'],
      ["bytes that are not UTF-8", Buffer.from(pageWith('"\xff"'), "latin1")],
      ["a surrogate in UTF-8", Buffer.from(pageWith('"\xed\xa0\xbd"'), "latin1")],
      ["two byte order marks", `\uFEFF\uFEFF{"value":[]}`],
    ] as const) {
      it(what, () => assert.doesNotMatch(problemOf(body), /position/));
    }
  });

  describe("does not take for JSON what JSON.parse does not:", () => {
    for (const json of [
      ...['"\\x"', '"\\u12"', '"\\u12g4"', '"\\u"', '"\\U0041"', '"\\', '"a\tb"', '"a\u0000"', "'a'", '"a'],
      ...["1.2.3", "-", "1++e", "01", "-01", "1.", ".5", "-.5", "+1", "1e", "1e+", "0x1", "1_0", "NaN"],
      ...["nullx", "truefalse", "nul", "True", "undefined", "", "1 2", '"a" "b"', "\u00a01", "\f1"],
      ...[
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1",
        '{"a":1,}',
        '{"a"}',
        '{"a":}',
        "{a:1}",
        '{"a":1 "b":2}',
        "{,}",
        "[}",
      ],
      ...['{"\\x":1}', '{"a\n":1}', "/**/1", '[{"a":["\\u12"]}]'],
    ]) {
      it(JSON.stringify(json), () => {
        assert.throws(() => JSON.parse(pageWith(json)), SyntaxError);
        for (const properties of [["id"], ["id", "x"]]) {
          assert.match(problemOf(pageWith(json), properties), /^it is not JSON: /);
        }
      });
    }
  });

  describe("takes for JSON what JSON.parse does, and copies it as it is:", () => {
    for (const json of [
      ...[
        '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00eF"',
        '"\\ud83e"',
        '"\\ude00\\ud83d"',
        '"\u007f\u2028"',
        '"\uFEFF"',
      ],
      ...["0", "-0", "-0.0e-0", "1E+2", "0.1", "123456789012345678901234567890", "1e999", "[0,-1.5e3]"],
      ...['{"a":1,"a":2}', '{"\\u0061":{}}', '{"":null}', "[[],[[]],{}]"],
    ]) {
      it(JSON.stringify(json), () => {
        assert.equal(read(pageWith(json), ["x"]).rows[0]?.line, `{"x":${json}}`);
      });
    }
  });

  it(`reads what is nested ${MAX_DEPTH} deep, and nothing deeper`, () => {
    // The page, its list and its user are three.
    const nested = (depth: number) => pageWith(`${"[".repeat(depth - 3)}${"]".repeat(depth - 3)}`);
    assert.equal(read(nested(MAX_DEPTH), ["x"]).rows.length, 1);
    assert.match(problemOf(nested(MAX_DEPTH + 1), ["x"]), /nested too deeply/);
    assert.match(problemOf(nested(5_000_000), ["id"]), /nested too deeply/);
  });

  describe("reads a key", () => {
    it("that is written with escapes", () => {
      const body = `{"v\\u0061lue":[{"\\u0069d":"${ID}","m\\u0061il":1},{"id":"${ID}","mail":2}],"@odata.nextLin\\u006b":"${NEXT}"}`;
      const { rows, nextLink } = read(body, ["id", "mail"]);
      assert.deepEqual(
        rows.map(({ line }) => line),
        [`{"id":"${ID}","mail":1}`, `{"id":"${ID}","mail":2}`],
      );
      assert.equal(nextLink, NEXT);
    });

    it("that comes again: the last one counts", () => {
      const other = ID.replace("8", "9");
      const { line } = rowOf(`{"id":5,"mail":1,"id":"${other}","mail":2}`, ["id", "mail"]);
      assert.equal(line, `{"id":"${other}","mail":2}`);
      assert.deepEqual(read(`{"value":[{}],"value":5,"value":[{"id":"${ID}"}]}`).rows.length, 1);
      assert.equal(problemOf(`{"value":[{"id":"${ID}"}],"value":5}`), "it has no list of users");
      assert.equal(read(`{"value":[],"@odata.nextLink":"x","@odata.nextLink":"${NEXT}"}`).nextLink, NEXT);
    });
  });

  it("reads an id that is written with escapes", () => {
    const { id, line } = rowOf(`{"id":"${ID.replace("8", "\\u0038")}"}`, ["id"]);
    assert.equal(id, ID);
    assert.deepEqual(JSON.parse(line), { id: ID });
  });

  it("leaves out white space between tokens, and nothing else", () => {
    const user = `{\n\t"id" : "${ID}" ,\r\n "x" : { "a b" : [ 9007199254740993 , -0.10 ,"\\" \\u00e9\\n" ] ,\n"c":{ } } }`;
    assert.equal(
      rowOf(user, ["x", "id"]).line,
      `{"x":{"a b":[9007199254740993,-0.10,"\\" \\u00e9\\n"],"c":{}},"id":"${ID}"}`,
    );
  });

  it("counts by property how many users have a value", () => {
    const value = [
      { id: ID, a: "x", b: [1], c: { d: null }, e: false },
      { id: ID, a: "", b: [], c: {}, e: 0 },
      { id: ID, a: null, b: null, e: null },
    ];
    const properties = ["e", "id", "a", "b", "absent", "c"];
    for (const space of ["", "\n  "]) {
      const { rows } = readPage(Buffer.from(JSON.stringify({ value }, null, space)), properties);
      assert.deepEqual([...rows.filled], [2, 3, 1, 1, 0, 1]);
    }
    const spaced = readPage(Buffer.from(`{"value":[{"id":"${ID}","b":[ ],"c":{\n}}]}`), ["b", "c"]);
    assert.deepEqual([...spaced.rows.filled], [0, 0]);
  });
});
