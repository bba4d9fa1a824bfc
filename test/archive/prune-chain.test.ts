// What `rollcall verify --chain` says of runs that were pruned.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readManifests } from "../../src/archive/run-manifest.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf, prunedManifestPath } from "../../src/snapshot/layout.ts";
import { toBytes } from "../../src/snapshot/manifest.ts";
import { rollcallHere } from "../cli/rollcall-process.ts";
import { asBlobs, asVersion1, NIGHTLY_TENANT, pathOf, relinked } from "../support/nightly-manifests.ts";
import {
  blobsOf,
  clientOf,
  LATEST,
  NIGHTS,
  namesIn,
  night,
  nights,
  pruneJson,
} from "../support/prunable-nights.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

describe("the chain after a prune", () => {
  it("holds through the runs that were pruned, and names them", async () => {
    const place = await nights(storage, NIGHTS);
    await pruneJson(place, "--keep-daily", "7", "--keep-monthly", "3", "--yes");
    const runs = await place.snapshots.runs();
    const { pruned, ...chain } = await place.snapshots.verifyChain();
    assert.deepEqual(chain, {
      holds: true,
      newest: night(-1).runId,
      oldest: night(0).runId,
      runs: 70,
      end: "first-run",
      gaps: [],
      skipped: [],
      problems: [],
    });
    assert.equal(runs.length, 8);
    assert.deepEqual(
      [...pruned, ...runs].sort(),
      NIGHTS.map(({ runId }) => runId),
    );
    const { stdout } = await rollcallHere(["verify", "--chain"], place.environment);
    assert.match(
      stdout,
      /^✓ the chain holds: 70 runs, [\s\S]*62 runs of these were pruned: the manifests are left/,
    );
  });

  it("holds for whoever listed a run before it was pruned", async () => {
    const place = await nights(storage);
    const pruned = night(-6);
    const manifests = await Array.fromAsync(
      readManifests(place.container, NIGHTLY_TENANT, await place.snapshots.runs(), new Set()),
    );
    await pruneJson(place, "--keep-last", "2", "--yes");
    const ids = manifests.map(({ runId }) => runId);
    assert.deepEqual(
      await Array.fromAsync(readManifests(place.container, NIGHTLY_TENANT, ids, new Set())),
      manifests,
    );
    const [gone] = await Array.fromAsync(place.snapshots.manifests([pruned.runId]));
    assert.ok(gone && "error" in gone);
    assert.equal(gone.error.code, "snapshot-not-found");
  });

  it("is walked no further than asked, through pruned runs too", async () => {
    const place = await nights(storage);
    await pruneJson(place, "--keep-last", "2", "--yes");
    const { holds, runs, end, pruned } = await place.snapshots.verifyChain(night(-5).runId);
    assert.deepEqual([holds, runs, end, pruned.length], [true, 5, "since", 3]);
  });

  it("does not hold if what is left of a run was rewritten", async () => {
    const place = await nights(storage);
    await pruneJson(place, "--keep-last", "4", "--keep-monthly", "9", "--yes");
    const forged = toBytes({ ...night(-6), previous: night(-8).previous });
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, night(-6).runId));
    await clientOf(storage, place).getBlockBlobClient(left).uploadData(forged);
    const { holds, oldest, problems } = await place.snapshots.verifyChain();
    assert.deepEqual([holds, oldest], [false, night(-5).runId]);
    assert.equal(problems[0]?.blob, left);
    assert.match(problems[0]?.problem ?? "", /^it was rewritten: /);
  });

  it("does not hold if a kept run behind the pruned ones was rewritten, or one was put in", async () => {
    const rewritten = { ...night(-9), warnings: ["x: y"] };
    const place = await nights(storage);
    await pruneJson(place, "--keep-last", "4", "--keep-monthly", "9", "--yes");
    const [oldest] = (await place.snapshots.runs()).slice(-1);
    assert.equal(oldest, night(-4).runId);
    await clientOf(storage, place).getBlockBlobClient(pathOf(rewritten)).uploadData(toBytes(rewritten));
    const { holds, problems } = await place.snapshots.verifyChain();
    assert.equal(holds, false);
    assert.match(problems[0]?.problem ?? "", /^it was rewritten: /);
  });

  it("does not hold if what was left of a run is gone, while older snapshots are stored", async () => {
    const place = await nights(storage, NIGHTS);
    await pruneJson(place, "--keep-last", "4", "--keep-yearly", "2", "--yes");
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, night(-6).runId));
    await clientOf(storage, place).deleteBlob(left);
    const { holds, problems } = await place.snapshots.verifyChain();
    assert.equal(holds, false);
    assert.match(problems[0]?.problem ?? "", /^it was removed: run .* built on it/);
  });

  it("ends where a lifecycle rule deleted the oldest, though what is left of pruned runs is younger", async () => {
    const place = await nights(storage, NIGHTS);
    await pruneJson(place, "--keep-last", "4", "--keep-yearly", "2", "--yes");
    const kept = NIGHTS.find(({ runId }) => runId === "20251231T020000Z") ?? assert.fail();
    for (const name of blobsOf(kept, await namesIn(storage, place))) {
      await clientOf(storage, place).deleteBlob(`${folderOf(NIGHTLY_TENANT, kept.runId).path}/${name}`);
    }
    const { holds, end, oldest, problems } = await place.snapshots.verifyChain();
    assert.deepEqual([holds, end, oldest, problems], [true, "deleted", "20260101T020000Z", []]);
  });

  it("does not hold if the newest runs were turned into pruned ones", async () => {
    const place = await nights(storage);
    const newest = night(-1);
    const client = clientOf(storage, place);
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, newest.runId));
    await client.getBlockBlobClient(left).uploadData(toBytes(newest));
    await client.deleteBlob(pathOf(newest));
    const { problems } = await place.snapshots.verifyChain();
    assert.equal(problems[0]?.problem, `it points at run ${newest.runId}, which was pruned`);
    const blobs = asBlobs(NIGHTS.slice(0, -1));
    await client.getBlockBlobClient(LATEST).uploadData(blobs.get(LATEST) ?? assert.fail());
    const back = await place.snapshots.verifyChain();
    assert.equal(
      back.problems[0]?.problem,
      `it points at run ${night(-2).runId}, but run ${newest.runId} is newer`,
    );
  });

  it("tells what rules explain from what they do not, where they are given", async () => {
    const place = await nights(storage, NIGHTS);
    await pruneJson(place, "--keep-daily", "7", "--keep-monthly", "3", "--yes");
    assert.equal((await place.snapshots.verifyChain("", { daily: 7, monthly: 3 })).holds, true);
    assert.equal((await place.snapshots.verifyChain("", { daily: 3 })).holds, true);
    // Whoever may delete can pass a deletion off as a prune: only the rules find him out.
    await pruneJson(place, "--keep-daily", "5", "--keep-monthly", "3", "--yes");
    assert.equal((await place.snapshots.verifyChain()).holds, true);
    const args = ["verify", "--chain", "--keep", "daily=7,monthly=3"];
    const { exitCode, stderr, stdout } = await rollcallHere(args, place.environment);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rollcall: chain-broken\n/);
    assert.match(stdout, /it was pruned, although the rules keep it \(daily\)/);
    for (const wrong of ["daily=0", "foo=3", "daily=3,daily=4", ""]) {
      const usage = await rollcallHere(["verify", "--chain", "--keep", wrong], place.environment);
      assert.equal(usage.exitCode, 2, wrong);
    }
    assert.equal((await rollcallHere(["verify", "--keep", "daily=7"], place.environment)).exitCode, 2);
  });

  it("says of version 1 what it said before", async () => {
    const manifests = relinked([...NIGHTS.slice(-10, -4).map(asVersion1), ...NIGHTS.slice(-4)]);
    const place = await nights(storage, manifests);
    const before = await place.snapshots.verifyChain();
    await pruneJson(place, "--keep-last", "2", "--yes");
    const { pruned, ...chain } = await place.snapshots.verifyChain();
    const { pruned: _, ...same } = before;
    assert.deepEqual(chain, same);
    assert.equal(chain.end, "not-recorded");
    assert.equal(pruned.length, chain.runs - 2);
  });
});
