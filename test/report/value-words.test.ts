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
