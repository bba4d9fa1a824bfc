import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CsvRows } from "../../src/formats/csv.ts";
import { CsvEncoder } from "../../src/formats/csv-encoder.ts";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import { Directory } from "../../src/sandbox/people/directory.ts";

function encoded(properties: readonly string[], lines: readonly string[]): string {
  const encoder = new CsvEncoder(properties);
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const out = Buffer.alloc(7 + encoder.maxBytes(bytes, lines.length));
  const end = encoder.encode(bytes, out, 7);
  return out.toString("utf8", 7, end);
}

describe("CsvEncoder", () => {
  it("writes what CsvRows writes, for the users of a directory", () => {
    const directory = new Directory({
      users: 3000,
      seed: 5,
      domain: "contoso.example",
      nullCreatedShare: 0.05,
    });
    const lines = Array.from({ length: 3000 }, (_, index) => {
      const row = directory.row(index, DEFAULT_PROPERTIES);
      return JSON.stringify(Object.fromEntries(DEFAULT_PROPERTIES.map((name) => [name, row[name] ?? null])));
    });
    assert.equal(encoded(DEFAULT_PROPERTIES, lines), new CsvRows(DEFAULT_PROPERTIES).rows(lines));
  });

  it("writes what CsvRows writes, whatever the values are", () => {
    const awkward = fc.stringMatching(/^[=+\-@'"\\ ,;\t0-9eE.:a-zé＝]{0,6}$/);
    const text = fc.oneof(
      awkward,
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom("", " a", "a ", "1e5"),
    );
    const value = fc.oneof(
      text,
      fc.jsonValue({ maxDepth: 2 }),
      fc.integer(),
      fc.constantFrom(null, true, false, [], {}),
    );
    const row = fc.record({ id: text, "a b": value, mail: value });
    const lines = fc.array(
      row.map((one) => JSON.stringify(one)),
      { minLength: 1, maxLength: 5 },
    );
    const properties = ["id", "a b", "mail"];
    fc.assert(
      fc.property(lines, (some) => {
        assert.equal(encoded(properties, some), new CsvRows(properties).rows(some));
      }),
      { numRuns: 20_000, seed: 20261124 },
    );
  });

  it("takes a line that does not look as a snapshot has it", () => {
    for (const line of [
      '{ "id" : "a", "mail":"b" }',
      '{"mail":"b","id":"a"}',
      '{"id":"a"}',
      '{"id":"\\u0061","mail":[ 1, "x"]}',
    ]) {
      assert.equal(encoded(["id", "mail"], [line]), new CsvRows(["id", "mail"]).rows([line]), line);
    }
  });
});
