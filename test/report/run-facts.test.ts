import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY } from "../../src/clock.ts";
import { FactTally } from "../../src/report/facts/run-facts.ts";
import { heldAfterCollection } from "../support/held.ts";

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
    assert.equal(Object.keys(rest).length, 7);
    for (const [name, counts] of Object.entries(rest)) assert.equal(counts, null, name);
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
      isCut: false,
      skus: [
        { skuId: "bb", users: 2, disabled: 0 },
        { skuId: "aa", users: 1, disabled: 0 },
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
    const { longUnused, ...counts } = signIns ?? assert.fail();
    assert.deepEqual(counts, {
      recent: 2,
      stale: 3,
      neverUsed: 2,
      staleEnabled: 2,
      neverUsedEnabled: 1,
    });
    const { named, ...unused } = longUnused;
    assert.deepEqual(unused, { stale: 2, neverUsed: 0, undated: 1 });
    assert.deepEqual(
      named.map(({ displayName }) => displayName),
      // One that was never used and of which nobody knows the age comes last.
      ["Older", "Old", undefined],
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
      signIns?.longUnused.named.map(({ lastSignIn }) => lastSignIn),
      expected.map(daysBefore),
    );
    assert.equal(signIns?.staleEnabled, null);
    assert.equal(signIns?.longUnused.stale, 200);
  });

  it("names disabled accounts with the most licences first, and counts them by licence", () => {
    const { disabledLicensed, licences } = factsOf(
      ["accountEnabled", "assignedLicenses", "displayName"],
      [
        { accountEnabled: false, displayName: "One", assignedLicenses: [{ skuId: "AA" }] },
        { accountEnabled: false, displayName: "Two", assignedLicenses: [{ skuId: "aa" }, { skuId: "bb" }] },
        { accountEnabled: true, assignedLicenses: [{ skuId: "aa" }] },
        { accountEnabled: null, assignedLicenses: [{ skuId: "aa" }] },
        { accountEnabled: false, assignedLicenses: [] },
      ],
    );
    assert.equal(disabledLicensed?.users, 2);
    assert.deepEqual(
      disabledLicensed?.named.map(({ displayName, skuIds }) => [displayName, skuIds]),
      [
        ["Two", ["aa", "bb"]],
        ["One", ["aa"]],
      ],
    );
    assert.deepEqual(licences?.skus, [
      { skuId: "aa", users: 4, disabled: 2 },
      { skuId: "bb", users: 1, disabled: 1 },
    ]);
  });

  it("names guests who never arrived, those who have been awaited longest first", () => {
    const pending = "PendingAcceptance";
    const { pendingGuests } = factsOf(
      ["externalUserState", "externalUserStateChangeDateTime", "createdDateTime", "displayName"],
      [
        { externalUserState: pending, displayName: "Unknown" },
        { externalUserState: pending, displayName: "New", externalUserStateChangeDateTime: daysBefore(3) },
        { externalUserState: pending, displayName: "Old", createdDateTime: daysBefore(31) },
        { externalUserState: "Accepted", createdDateTime: daysBefore(900) },
        { externalUserState: null },
      ],
    );
    assert.deepEqual([pendingGuests?.users, pendingGuests?.late], [3, 1]);
    assert.deepEqual(
      pendingGuests?.named.map(({ displayName }) => displayName),
      ["Old", "New", "Unknown"],
    );
  });

  it("counts the twenty largest departments, and together the others and those without one", () => {
    const users = Array.from({ length: 25 }, (_, at) =>
      Array.from({ length: at + 1 }, () => ({ department: `D${at}` })),
    );
    const { departments } = factsOf(
      ["department"],
      [...users.flat(), { department: null }, { department: "" }],
    );
    assert.equal(departments?.largest.length, 20);
    assert.deepEqual(departments?.largest[0], { department: "D24", users: 25 });
    assert.deepEqual([departments?.others, departments?.none], [1 + 2 + 3 + 4 + 5, 2]);
  });

  it("takes for a time no time, one of a year that is none, and one before computers", () => {
    const { pendingGuests } = factsOf(
      ["externalUserState", "externalUserStateChangeDateTime", "createdDateTime"],
      [
        ["0001-01-01T00:00:00Z", "2026-01-02T00:00:00Z"],
        ["99999-01-01T00:00:00Z", "2026-01-03T00:00:00Z"],
        ["+275760-09-14T00:00:00Z", "soon"],
        [null, 7],
      ].map(([changed, created]) => ({
        externalUserState: "PendingAcceptance",
        externalUserStateChangeDateTime: changed,
        createdDateTime: created,
      })),
    );
    assert.deepEqual(
      pendingGuests?.named.map(({ since }) => since),
      ["2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z", undefined, undefined],
    );
  });

  it("keeps nothing of the lines but what it names, out of however large a text they were cut", async () => {
    const tally = new FactTally(["id", "department"], Date.parse(STARTED_AT));
    const rest = "x".repeat(200_000);
    const { heapBytes } = await heldAfterCollection();
    for (let at = 0; at < 300; at++) {
      const user = { id: `id-${at}`, department: `A department of its own, ${at}`, rest };
      assert.ok(tally.add(JSON.stringify(user)));
    }
    const grown = (await heldAfterCollection()).heapBytes - heapBytes;
    assert.ok(grown < 10e6, `${grown} bytes for 300 lines of 200 kB`);
    assert.equal(tally.facts().users, 300);
  });

  it("keeps its memory where every user has a department of their own", () => {
    const users = Array.from({ length: 12_000 }, (_, at) => ({ department: `D${at}` }));
    assert.equal(factsOf(["department"], users).departments?.others, 12_000 - 20);
  });

  it("keeps its memory where users hold licences without end, and says so", async () => {
    const tally = new FactTally(["id", "accountEnabled", "assignedLicenses"], Date.parse(STARTED_AT));
    const { heapBytes } = await heldAfterCollection();
    for (let at = 0; at < 30; at++) {
      const assignedLicenses = Array.from({ length: 10_000 }, (_, nth) => ({ skuId: `sku ${at} ${nth}` }));
      assignedLicenses.push({ skuId: "x".repeat(200_000) + at });
      assert.ok(tally.add(JSON.stringify({ id: `id-${at}`, accountEnabled: false, assignedLicenses })));
    }
    const grown = (await heldAfterCollection()).heapBytes - heapBytes;
    assert.ok(grown < 5e6, `${grown} bytes for 300,000 licences`);
    const { licences, disabledLicensed } = tally.facts();
    assert.deepEqual([licences?.licensed, licences?.skus.length, licences?.isCut], [30, 1000, true]);
    const [first] = disabledLicensed?.named ?? [];
    assert.deepEqual([first?.licences, first?.skuIds.length], [10_000, 20]);
  });

  it("counts departments with names without end among the others", () => {
    const users = Array.from({ length: 3 }, (_, at) => ({ department: `D${at}`.padEnd(at * 1000, "x") }));
    const { departments } = factsOf(["department"], users);
    assert.deepEqual(departments, {
      largest: [{ department: "D0", users: 1 }],
      others: 2,
      isCut: false,
      none: 0,
    });
  });

  it("takes no line that is no user", () => {
    const tally = new FactTally(["id"], Date.parse(STARTED_AT));
    for (const line of ["", "{", "null", "[]", "{}", '"id"']) assert.equal(tally.add(line), false, line);
    assert.equal(tally.facts().users, 0);
  });
});
