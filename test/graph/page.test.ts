import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "../../src/error.ts";
import { readPage } from "../../src/graph/page.ts";
import { guidOf } from "../support/guid.ts";

const DOING = "reading page 7 of the users";
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
): { readonly rows: readonly Row[]; readonly nextLink: string | undefined } | undefined {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const page = readPage(bytes, properties, DOING);
  return (
    page && {
      rows: Array.from({ length: page.rows.count }, (_, index) => ({
        id: guidOf(page.rows.ids, index),
        line: page.rows.line(index).toString().replace(/\n$/, ""),
      })),
      nextLink: page.nextLink,
    }
  );
}

/** The only row of a page that holds this user. */
function rowOf(user: unknown, properties: readonly string[]): Row {
  const row = read(typeof user === "string" ? `{"value":[${user}]}` : { value: [user] }, properties)?.rows[0];
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

  it("takes an empty page with a next link for a page", () => {
    assert.deepEqual(read({ value: [], "@odata.nextLink": NEXT }), { rows: [], nextLink: NEXT });
  });

  it("reads over a byte order mark", () => {
    assert.equal(read(`\uFEFF{"value":[{"id":"${ID}"}]}`)?.rows.length, 1);
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

  describe("refuses a row", () => {
    for (const [what, user] of [
      ["without an id", { displayName: "A" }],
      ["whose id is null", { id: null }],
      ["whose id is a number", { id: 5 }],
      ["whose id is empty", { id: "" }],
      ["whose id is no GUID", { id: "adele@contoso.com" }],
      ["whose id has something behind it", { id: `${ID} ` }],
      ["whose id is the nil GUID", { id: "00000000-0000-0000-0000-000000000000" }],
      ["that is null", null],
      ["that is text", ID],
      ["that is a list", [ID]],
    ] as const) {
      it(`${what}, naming its position`, () => {
        assert.throws(
          () => read({ value: [{ id: ID }, { id: ID }, user] }),
          (error) => {
            assert.ok(error instanceof RollcallError);
            assert.equal(error.code, "graph-page-invalid");
            assert.equal(error.doing, DOING);
            assert.equal(error.problem, "the user at position 3 of the page has no object id");
            return true;
          },
        );
      });
    }
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
    ] as const) {
      it(what, () => assert.equal(read(body), undefined));
    }
  });
});
