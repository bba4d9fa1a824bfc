// src/listing (slices, and the way back to pages) is tested through runs: here, and in counts.test.ts.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../src/clock.ts";
import type { FaultRule, SandboxRequest } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import type { Manifest } from "../src/snapshot/manifest.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

const SLICED = { ROLLCALL_LISTING: "sliced" };
/** For thousands of users whose number matters, not what is said of each. */
const BRIEF = { ROLLCALL_PROPERTIES: "id,displayName" };
const ALWAYS = { times: Number.POSITIVE_INFINITY };

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** The committed ids, in the order of the parts. */
async function committedIds(rig: Rig, { tenantId, runId, parts }: Manifest): Promise<string[]> {
  const date = `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;
  const ids: string[] = [];
  for (const { name } of parts) {
    const blob = rig.container.getBlobClient(`tenant=${tenantId}/date=${date}/run=${runId}/${name}`);
    const lines = gunzipSync(await blob.downloadToBuffer())
      .toString()
      .split("\n");
    for (const line of lines.slice(0, -1)) ids.push(JSON.parse(line).id);
  }
  return ids;
}

/** Asserts that the snapshot holds exactly the people of the directory, each once, and that no part is left over. */
async function assertExact(rig: Rig, manifest: Manifest): Promise<void> {
  const ids = await committedIds(rig, manifest);
  assert.deepEqual(ids.sort(), [...rig.tenant.directory.ids()].sort());
  const stored = (await rig.blobs()).filter((name) => name.includes(`run=${manifest.runId}/users-`));
  assert.equal(stored.length, manifest.parts.length);
}

/** A fault on requests for pages of slices. */
function onSlices(rule: Omit<FaultRule, "service">): FaultRule {
  const { match = () => true } = rule;
  return {
    ...rule,
    service: "graph",
    match: (request) =>
      request.page !== undefined &&
      decodeURIComponent(request.rawQuery).includes("createdDateTime ") &&
      match(request),
  };
}

describe("a listing in slices", () => {
  it("holds exactly the people of the directory", async () => {
    await using rig = await startRig(storage);
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    assert.equal(manifest.source.listing.used, "sliced");
    assert.equal(manifest.source.listing.fellBack, null);
    assert.ok(manifest.source.listing.slices > 2);
    assert.equal(manifest.completeness.duplicates, 0);
  });

  it("is what auto chooses above 20,000 users, and the next run cuts where the last one says", async () => {
    await using rig = await startRig(storage, { users: 21_000 });
    const first = await rig.run({ settings: BRIEF });
    assert.equal(first.source.listing.used, "sliced");
    await assertExact(rig, first);
    const countsBefore = rig.tenant.requests.filter(({ path }) => path.endsWith("/$count")).length;
    assert.ok(countsBefore > 2);

    rig.tenant.directory.add({ displayName: "Born since" });
    const second = await rig.run({ settings: BRIEF });
    await assertExact(rig, second);
    const counts = rig.tenant.requests.filter(({ path }) => path.endsWith("/$count")).length - countsBefore;
    // Before and after the listing, and the two slices of which nothing is known: the youngest and the undated users.
    assert.equal(counts, 4);
    assert.equal(second.source.listing.slices, (first.source.slices?.starts.length ?? 0) + 2);
    assert.ok(second.source.requests < first.source.requests);
  });

  it("is not what auto chooses for fewer users", async () => {
    await using rig = await startRig(storage);
    const { listing, slices } = (await rig.run()).source;
    assert.deepEqual(listing, { used: "sequential", slices: 0, relisted: 0, fellBack: null });
    assert.equal(slices, null);
  });

  it("cuts by counting again when the last manifest cannot be read", async () => {
    await using rig = await startRig(storage, { users: 20_500 });
    const first = await rig.run({ settings: BRIEF });
    const path = (await rig.blobs()).find((name) => name.endsWith("/manifest.json")) ?? "";
    await rig.container.getBlockBlobClient(path).upload("{}", 2);
    const second = await rig.run({ settings: BRIEF });
    assert.equal(second.source.listing.used, "sliced");
    assert.equal(second.completeness.unique, first.completeness.unique);
  });

  it("holds users who were created in the same second by the thousand", async () => {
    await using rig = await startRig(storage, { users: 1500 });
    for (let n = 0; n < 2500; n++) rig.tenant.directory.add({ createdDateTime: "2021-05-04T03:02:01Z" });
    await assertExact(rig, await rig.run({ settings: SLICED }));
  });

  it("holds users without a time of creation, more than a page of them", async () => {
    await using rig = await startRig(storage, { users: 4000, nullCreatedShare: 0.6 });
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    const pages = rig.tenant.requests.filter(({ path }) => path === "/v1.0/users");
    // Its header goes with each page of the slice: the first one and those behind its next links.
    assert.ok(pages.filter(({ headers }) => headers.consistencylevel === "eventual").length >= 3);
  });

  it("holds users at both ends of time: before the oldest cut and after the run began", async () => {
    await using rig = await startRig(storage);
    rig.tenant.directory.add({ createdDateTime: "1999-12-31T23:59:59Z" });
    rig.tenant.directory.add({ createdDateTime: "2069-07-20T20:17:40Z" });
    await assertExact(rig, await rig.run({ settings: SLICED }));
  });

  it("holds who was created and not who was removed or renamed away while it ran", async () => {
    await using rig = await startRig(storage);
    const { directory } = rig.tenant;
    const [first = "", second = ""] = [...directory.ids()];
    rig.tenant.script(
      onSlices({
        after: 1,
        fault: {
          kind: "before",
          run: () => {
            directory.rename(first, { displayName: "Renamed" });
            directory.rename(second, { userPrincipalName: "aaa@contoso.onmicrosoft.com" });
            for (let n = 0; n < 3; n++) directory.remove([...directory.ids()].at(-1 - n) ?? "");
          },
        },
      }),
    );
    const manifest = await rig.run({ settings: SLICED });
    const ids = await committedIds(rig, manifest);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of directory.ids()) assert.ok(ids.includes(id));
  });

  it("survives throttling, errors, resets and damaged pages", async () => {
    await using rig = await startRig(storage, { users: 6000 });
    const every = (n: number, offset: number) => ({
      match: ({ nth }: { nth: number }) => nth % n === offset,
    });
    rig.tenant.script({
      service: "graph",
      ...every(7, 3),
      times: 2,
      fault: { kind: "throttle", retryAfter: "1" },
    });
    rig.tenant.script({ service: "graph", ...every(7, 5), times: 2, fault: { kind: "error", status: 503 } });
    rig.tenant.script({ service: "graph", ...every(5, 2), times: 2, fault: { kind: "reset" } });
    rig.tenant.script({
      service: "graph",
      ...every(5, 4),
      times: 1,
      fault: { kind: "cutBody", atShare: 0.4 },
    });
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    assert.equal(manifest.source.listing.fellBack, null);
    assert.ok(manifest.source.retries >= 4);
  });

  it("begins a slice again whose page token expired, and tells the repeats", async () => {
    await using rig = await startRig(storage, { users: 4000, nullCreatedShare: 0.6 });
    rig.tenant.script({ service: "graph", fault: { kind: "expiredPageToken" } });
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    assert.equal(manifest.source.listing.fellBack, null);
    assert.ok(manifest.completeness.duplicates > 0);
  });
});

/** Which slice a page belongs to: the undated users, or those created in a year. */
function ofFilter(pattern: RegExp): (request: SandboxRequest) => boolean {
  return ({ page, query }) => page !== undefined && pattern.test(query.get("$filter") ?? "");
}

describe("a slice that loses users below the tolerance of the whole", () => {
  const USERS = 21_000;

  it("is counted and listed again: the undated users, all of them", async () => {
    await using rig = await startRig(storage, { users: USERS, nullCreatedShare: 0.0007 });
    rig.tenant.script({
      service: "graph",
      match: ofFilter(/eq null/),
      fault: { kind: "omitUsers", count: USERS },
    });
    const manifest = await rig.run({ settings: BRIEF });
    await assertExact(rig, manifest);
    assert.deepEqual(manifest.source.listing.used, "sliced");
    assert.equal(manifest.source.listing.relisted, 1);
  });

  it("stays short: the run lists page after page, even for a few users who are the whole slice", async () => {
    await using rig = await startRig(storage, { nullCreatedShare: 0 });
    for (let n = 0; n < 3; n++) rig.tenant.directory.add({ createdDateTime: null });
    rig.tenant.script({
      service: "graph",
      match: ofFilter(/eq null/),
      ...ALWAYS,
      fault: { kind: "omitUsers", count: 10 },
    });
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    assert.equal(manifest.source.listing.used, "sequential");
    assert.match(manifest.source.listing.fellBack ?? "", /holds 0 users, but the directory counts \d in it/);
    assert.match(manifest.warnings.join(), /^listing-fell-back: slice 2/);
  });

  for (const [night, pattern] of [
    ["the first night, by what was counted to find the cuts", /ge 20(0|1)/],
    ["the youngest, which is counted each night", /ge \S+$/],
  ] as const) {
    it(`is found: ${night}`, async () => {
      await using rig = await startRig(storage, { users: USERS });
      rig.tenant.script({
        service: "graph",
        match: ofFilter(pattern),
        fault: { kind: "omitUsers", count: 20 },
      });
      const manifest = await rig.run({ settings: BRIEF });
      await assertExact(rig, manifest);
      assert.equal(manifest.source.listing.relisted, 1);
    });
  }

  it("is found on later nights by what the last snapshot held, whichever slice it is", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run({ settings: BRIEF });
    for (const nth of [3, 9, 17]) {
      rig.tenant.script({
        service: "graph",
        match: ofFilter(/createdDateTime/),
        after: nth,
        fault: { kind: "omitUsers", count: 20 },
      });
      const manifest = await rig.run({ settings: BRIEF });
      await assertExact(rig, manifest);
      assert.equal(manifest.source.listing.relisted, 1, `slice ${nth}`);
    }
  });

  it("is not taken for short when users were really deleted", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run({ settings: BRIEF });
    const { directory } = rig.tenant;
    const doomed = [...directory.ids()].filter(
      (id) => String(directory.person(id)?.createdDateTime) < "2018",
    );
    for (const id of doomed.slice(0, 400)) directory.remove(id);
    const manifest = await rig.run({ settings: BRIEF });
    await assertExact(rig, manifest);
    assert.deepEqual([manifest.source.listing.used, manifest.source.listing.relisted], ["sliced", 0]);
  });
});

describe("a listing in slices is thrown away, and the users are listed page after page,", () => {
  const cases: readonly { readonly when: string; readonly rule: FaultRule; readonly reason: RegExp }[] = [
    {
      when: "when users are missing",
      rule: onSlices({
        match: ({ query }) => query.get("$filter")?.endsWith("eq null") === true,
        ...ALWAYS,
        fault: { kind: "omitUsers", count: 50 },
      }),
      reason: /slice 2 \(createdDateTime eq null\) holds \d+ users, but the directory counts \d+ in it/,
    },
    {
      when: "when Graph refuses the filter",
      rule: onSlices({ fault: { kind: "error", status: 400, code: "Request_UnsupportedQuery" } }),
      reason: /refused the filter \(400 Request_UnsupportedQuery\)/,
    },
    {
      when: "when Graph refuses to count with a filter",
      rule: {
        service: "graph",
        match: ({ path, rawQuery }) => path.endsWith("/$count") && rawQuery.includes("filter"),
        fault: { kind: "error", status: 400, code: "Request_UnsupportedQuery" },
      },
      reason: /refused to count with a filter/,
    },
    {
      when: "when Graph ignores the filter of one slice",
      rule: onSlices({ after: 2, fault: { kind: "ignoreFilter" } }),
      reason: /ignored a filter/,
    },
    {
      when: "when Graph ignores all filters",
      rule: onSlices({ ...ALWAYS, fault: { kind: "ignoreFilter" } }),
      reason: /ignored a filter/,
    },
    {
      when: "when page tokens keep expiring",
      rule: { service: "graph", times: 3, fault: { kind: "expiredPageToken" } },
      reason: /page tokens kept expiring/,
    },
  ];
  for (const { when, rule, reason } of cases) {
    it(`${when}, and nothing of it is kept`, async () => {
      await using rig = await startRig(storage, { users: 4000, nullCreatedShare: 0.6 });
      rig.tenant.script(rule);
      const manifest = await rig.run({ settings: SLICED, run: { maxPartBytes: 1000 } });
      await assertExact(rig, manifest);
      assert.equal(manifest.source.listing.used, "sequential");
      assert.match(manifest.source.listing.fellBack ?? "", reason);
      assert.equal(manifest.completeness.duplicates, 0);
    });
  }

  it("when a time of creation is no whole second", async () => {
    await using rig = await startRig(storage);
    rig.tenant.directory.add({ createdDateTime: "2021-05-04T03:02:01.5Z" });
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    assert.match(manifest.source.listing.fellBack ?? "", /not in whole seconds/);
  });

  it("when the tenant offers no count", async () => {
    await using rig = await startRig(storage, { counts: false });
    const manifest = await rig.run({ settings: SLICED });
    await assertExact(rig, manifest);
    assert.match(manifest.source.listing.fellBack ?? "", /no count to check slices against/);
  });

  it("and both are checked against the count: short twice is a failed run", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "graph", ...ALWAYS, fault: { kind: "omitUsers", count: 50 } });
    await rig.fails("listing-short", { settings: SLICED, run: { maxPartBytes: 1000 } });
  });

  it("but not when the app lacks the permission", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(
      onSlices({ fault: { kind: "error", status: 403, code: "Authorization_RequestDenied" } }),
    );
    await rig.fails("graph-permission-missing", { settings: SLICED, run: { maxPartBytes: 1000 } });
  });
});

describe("a listing in slices under a tight limit", () => {
  it("is refused less than once in twenty requests", async () => {
    await using rig = await startRig(storage, {
      users: 21_000,
      latencyMs: 30,
      throttle: { resourceUnitsPer10s: 60 },
    });
    const manifest = await rig.run({ settings: { ...SLICED, ...BRIEF }, run: { clock: systemClock } });
    await assertExact(rig, manifest);
    assert.equal(manifest.source.listing.used, "sliced");
    const { throttled, requests } = manifest.source;
    assert.ok(throttled / requests < 1 / 20, `${throttled} of ${requests} requests were refused`);
  });
});
