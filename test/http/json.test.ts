import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJson } from "../../src/http/json.ts";

describe("parseJson", () => {
  it("gives the value", () => {
    assert.deepEqual(parseJson(Buffer.from('{"a":[1,null]}')), { a: [1, null] });
    assert.equal(parseJson(Buffer.from("null")), null);
  });

  it("reads over one byte order mark", () => {
    assert.deepEqual(parseJson(Buffer.from("\uFEFF[]")), []);
    assert.equal(parseJson(Buffer.from("\uFEFF\uFEFF[]")), undefined);
  });

  it("gives undefined for what is no JSON", () => {
    for (const text of ["", "<html>", "{", "{}{}", "NaN", "undefined"]) {
      assert.equal(parseJson(Buffer.from(text)), undefined);
    }
  });
});
