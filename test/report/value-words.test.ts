import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { changeInWords } from "../../src/report/sections/value-words.ts";

const E5 = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";

describe("changeInWords", () => {
  it("writes values as people read them", () => {
    assert.deepEqual(changeInWords("department", "Sales", "Legal"), ["Sales", "Legal"]);
    assert.deepEqual(changeInWords("accountEnabled", true, false), ["true", "false"]);
    assert.deepEqual(changeInWords("jobTitle", null, "Clerk"), ["nothing", "Clerk"]);
    assert.deepEqual(changeInWords("otherMails", [], ["a@b.example", "c@d.example"]), [
      "an empty list",
      "a@b.example, c@d.example",
    ]);
    assert.deepEqual(changeInWords("employeeOrgData", null, { division: "North" }), [
      "nothing",
      '{"division":"North"}',
    ]);
  });

  it("names licences, and one that it does not know by its id", () => {
    const unknown = "00000000-1111-4222-8333-444444444444";
    assert.deepEqual(changeInWords("assignedLicenses", [], [{ skuId: E5 }, { skuId: unknown }]), [
      "none",
      `${unknown}, Microsoft 365 E5`,
    ]);
  });

  it("spells out what a reader could not tell apart", () => {
    const same = (before: unknown, after: unknown) => changeInWords("displayName", before, after);
    assert.deepEqual(same("Sales", "Sales "), ['"Sales"', '"Sales "']);
    assert.deepEqual(same("Ann  Lee", "Ann\u00a0Lee"), ['"Ann  Lee"', '"Ann\\u{a0}Lee"']);
    assert.deepEqual(same("Jos\u00e9", "Jose\u0301"), ['"Jos\u00e9"', '"Jose\\u{301}"']);
    assert.deepEqual(same("ab", "a\u200bb"), ['"ab"', '"a\\u{200b}b"']);
    assert.deepEqual(same("\ud800", "\udfff\u0000"), ['"\\ud800"', '"\\udfff\\u0000"']);
    assert.deepEqual(same(null, "nothing"), ["null", '"nothing"']);
    assert.deepEqual(same(true, "true"), ["true", '"true"']);
    assert.deepEqual(same(["a, b"], ["a", "b"]), ['["a, b"]', '["a","b"]']);
    assert.deepEqual(same("an empty text", ""), ['"an empty text"', '""']);
  });

  it("cuts no sign in halves, and takes no time over a value of megabytes", () => {
    const [was, is] = changeInWords("displayName", "🚀".repeat(200), `${"🚀".repeat(199)}🛸`);
    assert.match(was, /^…(🚀){26,}$/u);
    assert.match(is, /^…(🚀){25,}🛸$/u);
    const long = "x".repeat(4e6);
    const began = performance.now();
    for (let times = 0; times < 20; times++) changeInWords("aboutMe", `${long}1`, `${long}2`);
    assert.ok(performance.now() - began < 5000);
  });

  it("takes names of its own kind for values, too", () => {
    const before = JSON.parse('{"__proto__":"a","constructor":null}');
    assert.deepEqual(changeInWords("__proto__", before, { toString: 1 }), [
      '{"__proto__":"a","constructor":null}',
      '{"toString":1}',
    ]);
  });

  it("never writes the same of both", () => {
    const pairs: readonly (readonly [string, unknown, unknown])[] = [
      ["jobTitle", null, ""],
      ["otherMails", null, []],
      ["assignedLicenses", [{ skuId: E5, disabledPlans: [] }], [{ skuId: E5, disabledPlans: ["a"] }]],
      ["displayName", `${"x".repeat(400)}1`, `${"x".repeat(400)}2`],
      ["displayName", "x".repeat(200), "x".repeat(201)],
    ];
    for (const [property, before, after] of pairs) {
      const [was, is] = changeInWords(property, before, after);
      assert.notEqual(was, is);
      assert.ok(was.length <= 102 && is.length <= 102);
    }
  });
});
