import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { columnTypeOf } from "../../src/formats/column-type.ts";
import { converterOf, toMicroseconds } from "../../src/formats/column-value.ts";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import { Directory } from "../../src/sandbox/people/directory.ts";
import { USER_PROPERTIES } from "../../src/sandbox/people/user-property.ts";

describe("toMicroseconds", () => {
  it("reads instants exactly", () => {
    assert.equal(toMicroseconds("1970-01-01T00:00:00Z"), 0n);
    assert.equal(toMicroseconds("2018-11-01T10:00:00Z"), 1_541_066_400_000_000n);
    assert.equal(toMicroseconds("2018-11-01T10:00:00.5Z"), 1_541_066_400_500_000n);
    assert.equal(toMicroseconds("2018-11-01T10:00:00.123456Z"), 1_541_066_400_123_456n);
    assert.equal(toMicroseconds("2018-11-01T10:00:00.1234560Z"), 1_541_066_400_123_456n);
    assert.equal(toMicroseconds("2018-11-01T12:00:00+02:00"), 1_541_066_400_000_000n);
    assert.equal(toMicroseconds("0001-01-01T00:00:00Z"), -62_135_596_800_000_000n);
    assert.equal(toMicroseconds("1969-12-31T23:59:59.5Z"), -500_000n);
    assert.equal(toMicroseconds("9999-12-31T23:59:59.999999Z"), 253_402_300_799_999_999n);
    assert.equal(toMicroseconds("2024-02-29T00:00:00Z"), 1_709_164_800_000_000n);
  });

  it("does not make up what is not there", () => {
    for (const text of [
      "",
      "soon",
      "2018-11-01",
      "2018-11-01T10:00:00",
      "2018-11-01 10:00:00Z",
      "2018-13-01T10:00:00Z",
      "2018-02-30T10:00:00Z",
      "2023-02-29T00:00:00Z",
      "2018-11-01T24:00:00Z",
      "2018-11-01T10:00:60Z",
      "2018-11-01T10:00:00.1234567Z",
      "+12018-11-01T10:00:00Z",
    ]) {
      assert.equal(toMicroseconds(text), undefined, text);
    }
  });
});

describe("converterOf", () => {
  it("converts what fits, null included, and nothing else", () => {
    const cases: readonly (readonly [property: string, json: string, value: unknown])[] = [
      ["accountEnabled", "true", true],
      ["accountEnabled", "false", false],
      ["accountEnabled", "null", null],
      ["accountEnabled", '"true"', undefined],
      ["accountEnabled", "1", undefined],
      ["createdDateTime", "null", null],
      ["createdDateTime", '"1970-01-01T00:00:01Z"', 1_000_000n],
      ["createdDateTime", '"never"', undefined],
      ["createdDateTime", "17", undefined],
      ["otherMails", "null", null],
      ["otherMails", "[]", []],
      ["otherMails", '["a",null,"b\\n"]', ["a", null, "b\n"]],
      ["otherMails", "[1]", undefined],
      ["otherMails", '"a@example.org"', undefined],
      ["assignedLicenses", '[{"skuId":"x"}]', '[{"skuId":"x"}]'],
      ["displayName", '"Zo\\u00eb \\"B\\""', 'Zoë "B"'],
      ["displayName", "null", null],
      ["extension_0123_costCentre", "4500", "4500"],
      ["extension_0123_costCentre", '["a"]', '["a"]'],
    ];
    for (const [property, json, value] of cases) assert.deepEqual(converterOf(property)(json), value, json);
  });
});

describe("columnTypeOf", () => {
  it("fits every value of the properties that Rollcall selects by default, and of the others it knows", () => {
    const directory = new Directory({
      users: 600,
      seed: 5,
      domain: "contoso.example",
      nullCreatedShare: 0.1,
    });
    const properties = [...new Set([...DEFAULT_PROPERTIES, ...USER_PROPERTIES.keys()])];
    for (let index = 0; index < directory.size; index++) {
      for (const [name, value] of Object.entries(directory.row(index, properties))) {
        const json = JSON.stringify(value ?? null);
        assert.notEqual(converterOf(name)(json), undefined, `${name} ${json}`);
        // Nothing but text may stand in a column of text.
        if (columnTypeOf(name) === "text") assert.match(json, /^(?:"|null$)/, name);
      }
    }
  });

  it("takes what it does not know for text", () => {
    assert.equal(columnTypeOf("extension_0123_costCentre"), "text");
    assert.equal(columnTypeOf("constructor"), "text");
  });
});
