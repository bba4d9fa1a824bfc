import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseFormats } from "../../src/settings/format-name.ts";

describe("parseFormats", () => {
  it("gives each format once, in one order, JSON lines always among them", () => {
    assert.deepEqual(parseFormats("ndjson"), ["ndjson"]);
    assert.deepEqual(parseFormats("csv"), ["ndjson", "csv"]);
    assert.deepEqual(parseFormats("parquet,csv"), ["ndjson", "csv", "parquet"]);
    assert.deepEqual(parseFormats("csv,ndjson,csv"), ["ndjson", "csv"]);
  });

  it("minds neither case nor spaces", () => {
    assert.deepEqual(parseFormats(" CSV , Parquet "), ["ndjson", "csv", "parquet"]);
  });

  it("refuses what is no format", () => {
    for (const text of ["", ",", "csv,", "xlsx", "csv parquet", "csv;parquet", "constructor"]) {
      assert.equal(parseFormats(text), undefined, text);
    }
  });
});
