import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalValue } from "../../src/changes/canonical.ts";

function isSame(one: string, other: string): boolean {
  return canonicalValue(Buffer.from(one)) === canonicalValue(Buffer.from(other));
}

describe("canonicalValue", () => {
  for (const [words, one, other] of [
    ["a collection in another order", '["a","b","c"]', '["c","a","b"]'],
    [
      "collections inside of objects inside of collections",
      '[{"s":"x","d":["1","2"]},{"s":"y"}]',
      '[{"s":"y"},{"s":"x","d":["2","1"]}]',
    ],
    ["collections of collections", "[[1,2],[3]]", "[[3],[2,1]]"],
    ["members in another order", '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}'],
    ["a member that is null and one that is absent", '{"a":null,"b":1}', '{"b":1}'],
    ["white space between tokens", '[ 1 , { "a" : 2 } ]', '[1,{"a":2}]'],
    ["escapes", '"Zo\\u00eb \\ud83e\\udd84 \\/"', '"Zoë 🦄 /"'],
    ["escapes in a key that mean other characters", '{"\\u0022\\\\":1}', '{"\\"\\\\":1}'],
    ["escapes in a key", '{"Zo\\u00eb":1}', '{"Zoë":1}'],
    ["numbers written in another way", "[1.0,1e2,-0]", "[1,100,0]"],
  ] as const) {
    it(`takes ${words} for the same`, () => assert.ok(isSame(one, other)));
  }

  for (const [words, one, other] of [
    ["an element more", '["a","b"]', '["a","b","b"]'],
    ["elements that occur in other numbers", '["a","a","b"]', '["a","b","b"]'],
    ["an element that is null", "[null]", "[]"],
    ["an empty collection and null", "[]", "null"],
    ["a number and its digits as a string", "1", '"1"'],
    ["an empty string and null", '""', "null"],
    ["another case", '"anna"', '"Anna"'],
    ["another normal form of Unicode", '"e\\u0301"', '"é"'],
    ["strings that look like two", '["a\\",\\"b"]', '["a","b"]'],
    ["one collection and two", "[[1],[2]]", "[[1,2]]"],
    ["true and false", "true", "false"],
    ["64-bit integers that are the same as floating point", "9007199254740993", "9007199254740992"],
    ["a value under another key", '{"a":1}', '{"b":1}'],
  ] as const) {
    it(`takes ${words} for different`, () => assert.ok(!isSame(one, other)));
  }
});
