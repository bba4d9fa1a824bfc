// src/archive/prune-after-commit.ts, through runs.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Snapshots } from "../src/archive/snapshots.ts";
import { MINUTE } from "../src/clock.ts";
import { RollcallError } from "../src/error.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { folderOf, latestPath, manifestPath } from "../src/snapshot/layout.ts";
import type { Latest, Manifest } from "../src/snapshot/manifest.ts";
import type { Taken } from "../src/take-snapshot.ts";
import { assertNothingHalf, breakLease, readingSide } from "./support/aftermath.ts";
import { type Rig, type RigRun, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { type Strike, startStorageGate } from "./support/storage-gate.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A tenant with snapshots, oldest first. */
async function startArchive(
  nights: number,
): Promise<{ readonly rig: Rig; readonly runs: readonly Manifest[] }> {
  const rig = await startRig(storage, { users: 20 });
  const runs: Manifest[] = [];
  while (runs.length < nights) runs.push(await rig.run());
  return { rig, runs };
}

function keeping(rule: string, { settings = {}, ...given }: RigRun = {}): RigRun {
  return { ...given, settings: { ROLLCALL_KEEP: rule, ...settings } };
}

async function latestOf(rig: Rig): Promise<string> {
  return ((await rig.json(latestPath(rig.tenant.tenantId))) as Latest).runId;
}

async function assertChainHolds(rig: Rig, runs: number): Promise<void> {
  const { tenantId } = rig.tenant;
  const snapshots = new Snapshots(readingSide(rig, storage), tenantId, AbortSignal.timeout(MINUTE));
  const chain = await snapshots.verifyChain();
  assert.deepEqual([chain.problems, chain.end, chain.runs], [[], "first-run", runs]);
}

/** A run through a gate that strikes when it deletes the first manifest. */
async function takeStruck(
  rig: Rig,
  strike: Omit<Strike, "write" | "moment">,
  given: RigRun = {},
): Promise<Taken> {
  await using quiet = await startStorageGate(storage, rig.tenant.tls);
  const { settings } = given;
  const through = (url: string) =>
    keeping("last=1", { ...given, settings: { ...settings, ROLLCALL_STORAGE: url } });
  const trial = await startArchive(2);
  await using _ = trial.rig;
  await trial.rig.take(through(quiet.url));
  const write = quiet.writes.indexOf("DELETE manifest.json") + 1;
  assert.ok(write > 0, quiet.writes.join());
  await using gate = await startStorageGate(storage, rig.tenant.tls, { write, moment: "before", ...strike });
  const taken = await rig.take(through(gate.url));
  assert.equal(gate.writes[write - 1], "DELETE manifest.json");
  return taken;
}

/** Asserts that the run committed and that nothing that was published before is gone. */
async function assertCommitted(rig: Rig, { manifest }: Taken, before: readonly Manifest[]): Promise<void> {
  assert.equal(await latestOf(rig), manifest.runId);
  const { runs } = await assertNothingHalf(rig, storage);
  assert.deepEqual(
    runs,
    [manifest, ...before.toReversed()].map(({ runId }) => runId),
  );
  assert.ok(
    !JSON.stringify(await rig.json(manifestPath(folderOf(manifest.tenantId, manifest.runId)))).includes(
      "prune",
    ),
  );
}

describe("ROLLCALL_KEEP", () => {
  it("has each run delete what its rules let go, once it has committed; the chain holds", async () => {
    const { rig, runs } = await startArchive(3);
    await using _ = rig;
    const first = await rig.take(keeping("last=2"));
    assert.deepEqual([first.pruned, first.warnings], [2, []]);
    const second = await rig.take(keeping("last=2"));
    assert.deepEqual([second.pruned, second.warnings], [1, []]);
    const third = await rig.take(keeping("last=2,daily=1"));
    assert.equal(third.manifest.previous?.runId, second.manifest.runId);
    assert.equal(third.manifest.changesSkipped, null);
    assert.deepEqual((await assertNothingHalf(rig, storage)).runs, [
      third.manifest.runId,
      second.manifest.runId,
    ]);
    assert.equal(await latestOf(rig), third.manifest.runId);
    await assertChainHolds(rig, runs.length + 3);
  });

  it("deletes nothing where it is not set", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    const taken = await rig.take();
    assert.deepEqual([taken.pruned, taken.warnings], [null, []]);
    await assertCommitted(rig, taken, runs);
  });

  it("deletes nothing if the run fails", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    rig.tenant.script({ service: "graph", fault: { kind: "error", status: 403 }, times: 99 });
    await rig.fails("graph-permission-missing", keeping("last=1"));
    assert.equal((await assertNothingHalf(rig, storage)).runs.length, runs.length);
  });

  it("is refused before anything is asked if it is wrong", async () => {
    const { rig } = await startArchive(1);
    await using _ = rig;
    assert.throws(() => rig.take(keeping("daily=0")), { code: "settings-invalid" });
  });
});

describe("a prune that fails after the commit is a warning, and the snapshot is published", () => {
  it("if the storage keeps a manifest", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    const [oldest] = runs;
    assert.ok(oldest);
    const held = rig.container.getBlobClient(manifestPath(folderOf(oldest.tenantId, oldest.runId)));
    await held.getBlobLeaseClient().acquireLease(-1);
    const taken = await rig.take(keeping("last=1"));
    assert.equal(taken.pruned, 1);
    assert.match(
      taken.warnings.join(),
      new RegExp(
        `^prune-failed: old snapshots were not all deleted: pruning run ${oldest.runId}, .*: there is a lease on it$`,
      ),
    );
    await assertCommitted(rig, taken, [oldest]);
  });

  it("if the identity may not delete", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    const taken = await takeStruck(rig, { status: 403, lasts: true });
    assert.equal(taken.pruned, null);
    assert.match(taken.warnings.join(), /^prune-failed: .*deleting \S+manifest\.json: .*\(storage-denied\)$/);
    await assertCommitted(rig, taken, runs);
    rig.assertNoSecretIn(taken.warnings.join());
  });

  it("if the run is told to stop meanwhile", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    const stop = new AbortController();
    const failure = { doing: "taking a snapshot", problem: "it was told to stop", remedy: "" };
    const run = async () => {
      assert.notEqual(await latestOf(rig), runs.at(-1)?.runId, "latest.json had not moved yet");
      stop.abort(new RollcallError("terminated", failure));
    };
    const taken = await takeStruck(rig, { run }, { run: { signal: stop.signal } });
    assert.equal(taken.pruned, null);
    assert.match(taken.warnings.join(), /^prune-failed: .*: it was told to stop \(terminated\)$/);
    await assertCommitted(rig, taken, runs);
    await breakLease(rig);
    assert.equal((await rig.take(keeping("last=1"))).pruned, 3);
    await assertChainHolds(rig, 4);
  });

  it("if the run has no time left for it", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    const settings = { ROLLCALL_TIME_BUDGET_MINUTES: "0.16" };
    const taken = await rig.take(keeping("last=1", { settings }));
    const why = "the run had no time left for it";
    assert.equal(taken.warnings.at(-1), `prune-failed: old snapshots were not all deleted: ${why}`);
    await assertCommitted(rig, taken, runs);
  });

  it("if it takes longer than the run has", async () => {
    const { rig, runs } = await startArchive(2);
    await using _ = rig;
    // The budget less the time to end in, by a clock that stands still, leaves a second and a half.
    const settings = { ROLLCALL_TIME_BUDGET_MINUTES: String(11.5 / 60), ROLLCALL_CHANGES: "off" };
    const taken = await takeStruck(rig, { run: () => delay(3000) }, { settings });
    assert.match(taken.warnings.at(-1) ?? "", /^prune-failed: .*: it was not done within 2 s$/);
    await assertCommitted(rig, taken, runs);
  });
});
