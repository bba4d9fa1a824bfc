import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { accountTrouble } from "../../src/report/attention/account-trouble.ts";
import type { Report } from "../../src/report/facts/report.ts";
import { FactTally } from "../../src/report/facts/run-facts.ts";
import { licencesSection } from "../../src/report/sections/accounts-section.ts";
import { reviewSection } from "../../src/report/sections/review-section.ts";

/** What a page says where an enabled account holds so many licences, and a disabled one so many others. */
function told(enabled: number, disabled: number) {
  const tally = new FactTally(["id", "accountEnabled", "assignedLicenses"], 0);
  for (const [isEnabled, count] of [
    [true, enabled],
    [false, disabled],
  ] as const) {
    const assignedLicenses = Array.from({ length: count }, (_, nth) => ({ skuId: `${isEnabled}-${nth}` }));
    tally.add(JSON.stringify({ id: String(isEnabled), accountEnabled: isEnabled, assignedLicenses }));
  }
  const facts = tally.facts();
  const report = { facts } as unknown as Report;
  return {
    licences: licencesSection(report).toString(),
    review: reviewSection(report).toString(),
    attention: accountTrouble(facts).map(({ text }) => text),
  };
}

describe("licences in a report", () => {
  it("are all told of, as many as a tenant has", () => {
    const { licences, review, attention } = told(980, 20);
    assert.equal(licences.match(/<tr role="row"><th role="rowheader"/g)?.length, 1000);
    assert.doesNotMatch(licences, /more than/);
    assert.match(review, /false-0, .*false-19</);
    assert.deepEqual(attention, [
      "1 disabled account still holds licences, among them 1 false-0 and 1 false-1.",
    ]);
  });

  it("are told of in part where there are more, and the page says so", () => {
    const { licences, review, attention } = told(1000, 21);
    assert.equal(licences.match(/<tr role="row"><th role="rowheader"/g)?.length, 1000);
    assert.match(licences, /There are more than 1,000 licences/);
    assert.match(review, /false-0, .*false-19 and 1 more</);
    assert.deepEqual(attention, ["1 disabled account still holds licences."]);
  });
});
