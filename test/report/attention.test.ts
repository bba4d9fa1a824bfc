import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY, HOUR } from "../../src/clock.ts";
import { findAttention } from "../../src/report/attention/attention.ts";
import type { Report } from "../../src/report/facts/report.ts";
import { FactTally } from "../../src/report/facts/run-facts.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { nightlyManifests } from "../support/nightly-manifests.ts";

const PROPERTIES = [
  "id",
  "accountEnabled",
  "userType",
  "assignedLicenses",
  "externalUserState",
  "externalUserStateChangeDateTime",
  "createdDateTime",
  "signInActivity",
];
const E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const KID = "https://contoso-vault.vault.azure.net/keys/manifest-key/0123456789abcdef0123456789abcdef";

/** A report on the last of ten quiet nights, an hour after it. */
function reportOf({
  manifest: given = {},
  before = {},
  users = [],
  properties = PROPERTIES,
  ...rest
}: {
  readonly manifest?: Partial<Manifest>;
  readonly before?: Partial<Manifest>;
  readonly users?: readonly object[];
  readonly properties?: readonly string[];
} & Partial<Pick<Report, "lastRun" | "nowMs" | "signature">>): Report {
  const manifests = nightlyManifests(10).map((manifest, at) => ({
    ...manifest,
    ...(at === 9 ? given : before),
  }));
  const manifest = manifests[9] ?? assert.fail();
  const tally = new FactTally(properties, Date.parse(manifest.startedAt));
  for (const [at, user] of users.entries()) tally.add(JSON.stringify({ id: `id-${at}`, ...user }));
  const weeks = manifests
    .map((one) => ({ runId: one.runId, manifest: one, manifestSha256: "" }))
    .toReversed();
  return {
    snapshot: {
      folder: folderOf(manifest.tenantId, manifest.runId),
      manifest,
      manifestSha256: "",
      isLatest: true,
    },
    facts: tally.facts(),
    history: weeks,
    weeks,
    highlights: null,
    signature: manifest.signature ? { state: "unchecked", ...manifest.signature } : { state: "absent" },
    lastRun: undefined,
    nowMs: Date.parse(manifest.finishedAt) + HOUR,
    ...rest,
  };
}

function points(given: Parameters<typeof reportOf>[0]): readonly string[] {
  return findAttention(reportOf(given)).points.map(({ text }) => text);
}

function daysBefore(report: Report, days: number): string {
  return new Date(Date.parse(report.snapshot.manifest.startedAt) - days * DAY).toISOString();
}

const quiet = reportOf({});
const lastFinishedMs = Date.parse(quiet.snapshot.manifest.finishedAt);

describe("findAttention", () => {
  it("finds nothing after a quiet night, and was blind to nothing", () => {
    assert.deepEqual(findAttention(quiet), { points: [], blind: [] });
  });

  it("names disabled accounts with licences, and which", () => {
    const licensed = { accountEnabled: false, assignedLicenses: [{ skuId: E3 }] };
    const signInActivity = { lastSignInDateTime: daysBefore(quiet, 1) };
    assert.deepEqual(
      points({
        users: [
          licensed,
          licensed,
          { ...licensed, accountEnabled: true, signInActivity },
          { accountEnabled: false, assignedLicenses: [] },
        ],
      }),
      ["2 disabled accounts still hold licences, among them 2 Microsoft 365 E3."],
    );
  });

  it("names enabled accounts that have long gone unused, and no new one", () => {
    const used = (days: number) => ({ signInActivity: { lastSignInDateTime: daysBefore(quiet, days) } });
    const created = (days: number) => ({ signInActivity: null, createdDateTime: daysBefore(quiet, days) });
    const users = [used(91), used(89), created(91), created(89)].map((user) => ({
      accountEnabled: true,
      ...user,
    }));
    const disabled = { accountEnabled: false, ...used(400) };
    assert.deepEqual(points({ users: [...users, disabled] }), [
      "2 enabled accounts are long unused: 1 for more than 90 days, 1 since it was created.",
    ]);
    const properties = PROPERTIES.filter((property) => property !== "accountEnabled");
    assert.deepEqual(points({ properties, users: [used(400), used(91), used(1)] }), [
      "2 accounts are long unused: 2 for more than 90 days.",
    ]);
  });

  it("does not say of an account of unknown age that it has long gone unused", () => {
    const ageless = [null, "0001-01-01T00:00:00Z", "soon"].map((createdDateTime) => ({
      accountEnabled: true,
      signInActivity: null,
      createdDateTime,
    }));
    assert.deepEqual(points({ users: ageless }), [
      "3 enabled accounts are long unused, or never used: 3 of unknown age.",
    ]);
  });

  it("names guests who were invited and never arrived", () => {
    const guest = (state: string, days: number) => ({
      userType: "Guest",
      externalUserState: state,
      externalUserStateChangeDateTime: daysBefore(quiet, days),
    });
    const users = [guest("PendingAcceptance", 31), guest("PendingAcceptance", 3), guest("Accepted", 400)];
    assert.deepEqual(points({ users }), [
      "2 guests were invited and never arrived, 1 of them more than 30 days ago.",
    ]);
    assert.deepEqual(
      [[31], [3], [31, 32]].map((days) =>
        points({ users: days.map((day) => guest("PendingAcceptance", day)) }).join(),
      ),
      [
        "1 guest was invited and never arrived, more than 30 days ago.",
        "1 guest was invited and never arrived.",
        "2 guests were invited and never arrived, all more than 30 days ago.",
      ],
    );
  });

  it("names a night unlike the others", () => {
    const changes = quiet.snapshot.manifest.changes ?? assert.fail();
    assert.deepEqual(points({ manifest: { changes: { ...changes, left: 412 } } }), [
      "Unlike other nights: 412 users left in the run of 3 December 2025; others as a rule see at most 1.",
    ]);
  });

  it("names a credential that ends, seen from the day of the page, once", () => {
    const credential = {
      kind: "secret",
      name: "graph-secret",
      version: "v1",
      expiresOn: new Date(lastFinishedMs + 20 * DAY).toISOString(),
    } as const;
    const warnings = [
      "credential-expires: secret graph-secret (version v1) expires in 20 days, on 2025-12-23",
    ];
    const manifest = { credential, warnings };
    assert.deepEqual(points({ manifest }), [
      "The secret graph-secret ends in 19 days, on 23 December 2025: runs fail from then on.",
    ]);
    const nowMs = lastFinishedMs + 21 * DAY;
    const [old, over] = points({ manifest, nowMs });
    assert.equal(old, "There is no newer snapshot than this one, which is 21 days old.");
    assert.match(over ?? "", /graph-secret ended on 23 December 2025/);
    const later = { ...credential, expiresOn: new Date(lastFinishedMs + 40 * DAY).toISOString() };
    assert.deepEqual(points({ manifest: { credential: later } }), []);

    const report = reportOf({ manifest, nowMs });
    const { points: ofOldRun } = findAttention({
      ...report,
      snapshot: { ...report.snapshot, isLatest: false },
    });
    assert.deepEqual(
      ofOldRun.map(({ text }) => text),
      [
        "The run warned (credential-expires): secret graph-secret (version v1) expires in 20 days, on 2025-12-23.",
      ],
      "since then, there may be a new one",
    );
  });

  it("is silent about a credential that does not expire", () => {
    for (const kind of ["managed-identity", "federated"] as const) {
      const credential = { kind, name: null, version: null, expiresOn: null };
      assert.deepEqual(points({ manifest: { credential } }), []);
    }
  });

  it("says which of many runs a day, and since which run where one or more are missing", () => {
    const runs = quiet.weeks.map((run, at) => {
      const runId = `20251203T${String(20 - at).padStart(2, "0")}0000Z`;
      const against = `20251203T${String(at === 0 ? 15 : 19 - at).padStart(2, "0")}0000Z`;
      const counts = at === 0 ? { joined: 500, left: 500, changed: 500 } : { joined: 0, left: 0, changed: 0 };
      const changes = { ...counts, against, notCompared: [], parts: [] };
      return { ...run, runId, manifest: { ...run.manifest, runId, changes } };
    });
    const { points: found } = findAttention({ ...quiet, weeks: runs });
    assert.equal(
      found[0]?.text,
      "Unlike other nights: 500 users joined between the runs of 3 December 2025, 15:00 UTC and 3 December 2025, 20:00 UTC; others as a rule see none.",
    );
  });

  it("names a signature that is missing where earlier nights have one, and another key, but no rotated one", () => {
    const before = { signature: { alg: "ES256", kid: KID } } as const;
    assert.deepEqual(points({ before, manifest: { signature: null } }), [
      "This snapshot is not signed, although that of 2 December 2025 is.",
    ]);
    const rotated = { alg: "ES256", kid: KID.replace("0123", "9999") } as const;
    assert.deepEqual(points({ before, manifest: { signature: rotated } }), []);
    const other = { alg: "ES256", kid: KID.replace("manifest-key", "other-key") } as const;
    assert.deepEqual(points({ before, manifest: { signature: other } }), [
      "This snapshot is signed with another key than that of 2 December 2025.",
    ]);
  });

  it("names a signature that cannot be right, and says nothing else of it", () => {
    const why = "the manifest says it is signed, and manifest.jws is missing";
    const manifest = { signature: { alg: "ES256", kid: KID.replace("manifest-key", "other-key") } } as const;
    const before = { signature: { alg: "ES256", kid: KID } } as const;
    assert.deepEqual(points({ before, manifest, signature: { state: "invalid", why } }), [
      `The signature of this snapshot is wrong: ${why}.`,
    ]);
  });

  it("names a run that failed since, and a list that was let through", () => {
    const lastRun = {
      outcome: "failed",
      runId: null,
      startedAt: new Date(lastFinishedMs + DAY).toISOString(),
      finishedAt: new Date(lastFinishedMs + DAY).toISOString(),
      failure: {
        code: "credential-rejected",
        doing: "signing in",
        problem: "the secret has expired",
        remedy: "Make a new one.",
      },
    } as const;
    assert.deepEqual(points({ lastRun }), [
      "The last run failed at 2025-12-04 02:00 UTC with credential-rejected: signing in: the secret has expired. Make a new one.",
    ]);
    const guard = { maxShrinkPercent: 10, shrinkAccepted: true };
    assert.equal(points({ manifest: { guard } }).length, 1);
  });

  it("repeats the manifest's other warnings", () => {
    const warnings = ["count-moved: the directory counted 1 to 2; 2 were listed"];
    assert.deepEqual(points({ manifest: { warnings } }), [
      "The run warned (count-moved): the directory counted 1 to 2; 2 were listed.",
    ]);
    const unsigned = "unsigned-accepted: run 1 was built on, although it has no signature";
    assert.match(
      points({ manifest: { warnings: [unsigned] } }).join(),
      /^The run warned \(unsigned-accepted\)/,
    );
  });

  it("says what it could not look for", () => {
    const { blind } = findAttention({ ...reportOf({ properties: ["id"] }), weeks: quiet.weeks.slice(0, 3) });
    assert.deepEqual(blind, [
      "which accounts are enabled: this snapshot does not have accountEnabled",
      "licences: this snapshot does not have assignedLicenses",
      "accounts that have long gone unused: this snapshot does not have signInActivity",
      "guests who never arrived: this snapshot does not have externalUserState",
      "nights unlike the others: of these four weeks, 2 other runs tell who joined, left and changed, and it takes 5",
    ]);
  });
});
