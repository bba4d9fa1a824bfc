import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { textLines } from "../../src/formats/text-lines.ts";
import { ValueCutter } from "../../src/formats/value-cutter.ts";
import { HOSTILE_TEXTS, idOf, linesOf } from "./people.ts";

const PROPERTIES = ["id", "displayName", "otherMails", "employeeOrgData", "accountEnabled"];

describe("ValueCutter", () => {
  it("cuts values out as they stand there", () => {
    const cutter = new ValueCutter(PROPERTIES);
    const line =
      '{"id":"a","displayName":"x\\u0041 \\"},{\\\\","otherMails":["]","\\"}"],"employeeOrgData":{"n":1.50,"o":{"p":[]}},"accountEnabled":true}';
    assert.deepEqual(cutter.cut(line), [
      '"a"',
      '"x\\u0041 \\"},{\\\\"',
      '["]","\\"}"]',
      '{"n":1.50,"o":{"p":[]}}',
      "true",
    ]);
  });

  it("takes lines as they come out of a part", () => {
    const users = HOSTILE_TEXTS.map((displayName, index) => ({ id: idOf(index), displayName }));
    const cutter = new ValueCutter(["id", "displayName"]);
    const found = [...textLines(linesOf(users))].map((line) => {
      const [id = "", displayName = ""] = cutter.cut(line);
      return { id: JSON.parse(id), displayName: JSON.parse(displayName) };
    });
    assert.deepEqual(found, users);
  });

  it("gives the wanted values in the wanted order", () => {
    const cutter = new ValueCutter(PROPERTIES, ["otherMails", "id"]);
    const line =
      '{"id":"a","displayName":"b","otherMails":[1],"employeeOrgData":null,"accountEnabled":true}\n';
    assert.deepEqual(cutter.cut(line), ["[1]", '"a"']);
  });

  it("reads lines in another order, with spaces, and with less or more than expected", () => {
    const cutter = new ValueCutter(PROPERTIES, ["displayName", "id", "accountEnabled"]);
    for (const line of [
      '{"displayName":"b","id":"a","accountEnabled":false}',
      '{ "id": "a", "displayName": "b", "accountEnabled": false }',
      '{"id":"a","more":{"id":"no"},"displayName":"b","accountEnabled":false}',
    ]) {
      assert.deepEqual(cutter.cut(line), ['"b"', '"a"', "false"], line);
    }
    assert.deepEqual(cutter.cut('{"id":"a"}'), ["null", '"a"', "null"]);
  });

  it("keeps nothing of an earlier line", () => {
    const cutter = new ValueCutter(["id", "mail"]);
    cutter.cut('{"id":"a","mail":"a@example.org"}');
    assert.deepEqual(cutter.cut('{"id":"b"}'), ['"b"', "null"]);
  });

  it("refuses what is no JSON", () => {
    const cutter = new ValueCutter(["id", "mail"]);
    assert.throws(() => cutter.cut('{"id":"a","mial'), SyntaxError);
  });
});
