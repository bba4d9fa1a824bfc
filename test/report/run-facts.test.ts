import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY } from "../../src/clock.ts";
import { FactTally } from "../../src/report/run-facts.ts";

const STARTED_AT = "2026-11-22T02:00:00Z";
const NEVER = "0001-01-01T00:00:00Z";

function factsOf(properties: readonly string[], users: readonly object[]) {
  const tally = new FactTally(["id", ...properties], Date.parse(STARTED_AT));
  users.forEach((user, at) => {
    assert.ok(tally.add(JSON.stringify({ id: `id-${at}`, ...user })));
  });
  return tally.facts();
}

function daysBefore(days: number): string {
  return new Date(Date.parse(STARTED_AT) - days * DAY).toISOString();
}

describe("FactTally", () => {
  it("counts by property, and apart those of whom Graph says nothing", () => {
    const facts = factsOf(
      ["accountEnabled", "userType"],
      [
        { accountEnabled: true, userType: "Member" },
        { accountEnabled: false, userType: "Guest" },
        { accountEnabled: null, userType: null },
      ],
    );
    assert.equal(facts.users, 3);
    assert.deepEqual(facts.accounts, { enabled: 1, disabled: 1, unknown: 1 });
    assert.deepEqual(facts.types, { members: 1, guests: 1, unknown: 1 });
  });

  it("says null of what was not selected", () => {
    const { users, ...rest } = factsOf([], [{}, {}]);
    assert.equal(users, 2);
    assert.deepEqual(rest, { accounts: null, types: null, licences: null, signIns: null });
  });

  it("counts a user once for each licence, whatever its case", () => {
    const { licences } = factsOf(
      ["assignedLicenses"],
      [
        { assignedLicenses: [{ skuId: "AA" }, { skuId: "aa" }, { skuId: "bb" }] },
        { assignedLicenses: [{ skuId: "bb" }] },
        { assignedLicenses: [] },
        { assignedLicenses: null },
      ],
    );
    assert.deepEqual(licences, {
      licensed: 2,
      skus: [
        { skuId: "bb", users: 2 },
        { skuId: "aa", users: 1 },
      ],
    });
  });

  it("tells accounts in use from stale and never-used ones on the day of the snapshot", () => {
    const { signIns } = factsOf(
      ["accountEnabled", "signInActivity", "displayName"],
      [
        { accountEnabled: true, signInActivity: { lastSignInDateTime: daysBefore(89) } },
        {
          accountEnabled: true,
          signInActivity: {
            lastSignInDateTime: daysBefore(400),
            lastSuccessfulSignInDateTime: daysBefore(1),
          },
        },
        { accountEnabled: true, displayName: "Old", signInActivity: { lastSignInDateTime: daysBefore(91) } },
        {
          accountEnabled: true,
          displayName: "Older",
          signInActivity: { lastSignInDateTime: daysBefore(92) },
        },
        { accountEnabled: false, signInActivity: { lastSignInDateTime: daysBefore(900) } },
        { accountEnabled: true, signInActivity: { lastSignInDateTime: NEVER } },
        { accountEnabled: false, signInActivity: null },
      ],
    );
    const { longestUnused, ...counts } = signIns ?? assert.fail();
    assert.deepEqual(counts, { recent: 2, stale: 3, neverUsed: 2, staleEnabled: 2, neverUsedEnabled: 1 });
    assert.deepEqual(
      longestUnused.map(({ displayName }) => displayName),
      ["Older", "Old"],
    );
  });

  it("names no more than 25 unused accounts, those unused for longest", () => {
    const days = Array.from({ length: 200 }, (_, at) => 100 + ((at * 73) % 200));
    const { signIns } = factsOf(
      ["signInActivity"],
      days.map((count) => ({ signInActivity: { lastSignInDateTime: daysBefore(count) } })),
    );
    const expected = days.toSorted((one, other) => other - one).slice(0, 25);
    assert.deepEqual(
      signIns?.longestUnused.map(({ lastSignIn }) => lastSignIn),
      expected.map(daysBefore),
    );
    assert.equal(signIns?.staleEnabled, null);
  });

  it("takes no line that is no user", () => {
    const tally = new FactTally(["id"], Date.parse(STARTED_AT));
    for (const line of ["", "{", "null", "[]", "{}", '"id"']) assert.equal(tally.add(line), false, line);
    assert.equal(tally.facts().users, 0);
  });
});
