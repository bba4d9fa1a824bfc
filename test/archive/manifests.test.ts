import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { jsonOf, rollcallHere } from "../cli/rollcall-process.ts";
import {
  asBlobs,
  nightlyManifests,
  openNightly,
  pathOf,
  throughGate,
  uploadBlobs,
} from "../support/nightly-manifests.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

const NIGHTS = 60;
const YEAR = nightlyManifests(365);
const NEWEST_FIRST = YEAR.map(({ runId }) => runId).reverse();

let storage: Storage;

before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

describe("Snapshots.manifests", () => {
  it("gives each run's manifest and its hash, newest first", async () => {
    const runs = await Array.fromAsync((await uploadBlobs(storage, asBlobs(YEAR))).snapshots.manifests());
    assert.deepEqual(
      runs.map(({ runId }) => runId),
      NEWEST_FIRST,
    );
    const links = runs.map((run) => ("error" in run ? assert.fail() : run.manifest.previous?.sha256));
    const hashes = runs.map((run) => ("error" in run ? assert.fail() : run.manifestSha256));
    assert.deepEqual(links, [...hashes.slice(1), undefined]);
  });

  it("reads eight at a time, and no more than eight ahead", async () => {
    const { name } = await uploadBlobs(storage, asBlobs(YEAR.slice(0, NIGHTS)));
    await using gate = await startStorageGate(storage, await sharedTls());
    const { snapshots } = openNightly(name, throughGate(storage, gate.url));
    let seen = 0;
    for await (const { runId } of snapshots.manifests(await snapshots.runs())) {
      assert.equal(runId, YEAR[NIGHTS - 1 - seen]?.runId);
      seen++;
      const read = gate.requests.filter((request) => request === "GET manifest.json").length;
      assert.ok(read <= seen + 8, `${read} read for ${seen}`);
      if (seen === 20) break;
    }
  });

  it("tells of one that is damaged and of one that is gone by now, and hides no other", async () => {
    const [one, two, three, four] = YEAR.slice(0, 4);
    assert.ok(one && two && three && four);
    const blobs = asBlobs([one, two, three, four]);
    blobs.set(pathOf(two), Buffer.from("{ half a manif"));
    const { snapshots } = await uploadBlobs(storage, blobs);
    const runs = [four.runId, "20251130T020000Z", three.runId, two.runId, one.runId];
    const found = await Array.fromAsync(snapshots.manifests(runs));
    assert.deepEqual(
      found.map((run) => ("error" in run ? run.error.code : run.runId)),
      [four.runId, "snapshot-not-found", three.runId, "snapshot-damaged", one.runId],
    );
  });
});

describe("rollcall history", () => {
  it("over a year reads each manifest once, and nothing else but the list of blobs", async () => {
    const { name } = await uploadBlobs(storage, asBlobs(YEAR));
    await using gate = await startStorageGate(storage, await sharedTls());
    const { environment } = openNightly(name, throughGate(storage, gate.url));
    const outcome = await rollcallHere(["history", "--last", "365", "--json"], environment);
    const entries = jsonOf(outcome) as { readonly runId: string }[];
    assert.deepEqual(
      entries.map(({ runId }) => runId),
      NEWEST_FIRST,
    );
    const counts = new Map<string, number>();
    for (const request of gate.requests) counts.set(request, (counts.get(request) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(counts), {
      "GET manifest.json": 365,
      [`GET ${name} comp=list`]: 1,
    });
  });

  it("says what the manifests say", async () => {
    const { environment } = await uploadBlobs(storage, asBlobs(YEAR.slice(0, 3)));
    const outcome = await rollcallHere(["history", "--json"], environment);
    const [third, , first] = jsonOf(outcome) as Record<string, unknown>[];
    const night = {
      users: 30,
      verdict: "complete",
      enabled: 27,
      disabled: 3,
      notTold: 0,
      members: 26,
      guests: 4,
    };
    const { finishedAt, runId } = YEAR[2] ?? assert.fail();
    const moves = { against: YEAR[1]?.runId, joined: 1, left: 1, changed: 2 };
    assert.deepEqual(third, { runId, finishedAt, ...night, ...moves });
    const none = { against: null, joined: null, left: null, changed: null };
    assert.deepEqual(first, { runId: YEAR[0]?.runId, finishedAt: YEAR[0]?.finishedAt, ...night, ...none });
  });
});
