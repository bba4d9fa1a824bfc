import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JsonScanError } from "../../src/rows/json-scan.ts";
import { textLines } from "../../src/rows/user-line.ts";
import { ValueCutter } from "../../src/rows/value-cutter.ts";
import { HOSTILE_TEXTS, idOf, linesOf } from "../formats/people.ts";

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

  it("cuts values exactly out of any line, but for white space between their tokens", () => {
    const cutter = new ValueCutter(["id", "n"], ["n", "id"]);
    const n = '{"big":[9007199254740993,-0.10,1E+2],"a b":"\\u00e9 , } \\" "}';
    for (const line of [
      `{"id":"a","n":${n}}`,
      `{"n":${n},"id":"a"}`,
      `{"id":"a" ,"n":${n.replaceAll(/([[,:])(?=\S)/g, "$1\t")} }\n`.replace("\\u00e9 ,\t", "\\u00e9 ,"),
      `{"\\u0069d":"a","n":1,"n":${n}}`,
    ]) {
      assert.deepEqual(cutter.cut(line), [n, '"a"'], line);
    }
  });

  it("is not misled by white space around a value", () => {
    const cutter = new ValueCutter(["id", "a"], ["id", "a"]);
    for (const a of ["false", "null", "12", '"x, y"', "[1]"]) {
      for (const line of [`{"id":"b","a": ${a}}`, `{"id":"b","a":${a} }`, `{"id": "b", "a":${a}\t}`]) {
        assert.deepEqual(cutter.cut(line), ['"b"', a], line);
      }
    }
    assert.deepEqual(new ValueCutter(["id"]).cut('{"id": "a,b"}'), ['"a,b"']);
  });

  it("keeps nothing of an earlier line", () => {
    const cutter = new ValueCutter(["id", "mail"]);
    cutter.cut('{"id":"a","mail":"a@example.org"}');
    assert.deepEqual(cutter.cut('{"id":"b"}'), ['"b"', "null"]);
  });

  it("refuses what is no JSON", () => {
    const cutter = new ValueCutter(["id", "mail"]);
    for (const line of [
      '{"id":"a","mial',
      '{"id":"a","mail":',
      "null",
      '["a"]',
      '{"mail":"\\x","id":"a"}',
      '{"mail":1,} ',
    ]) {
      assert.throws(() => cutter.cut(line), JsonScanError, line);
    }
  });
});
