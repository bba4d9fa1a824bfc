import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { Snapshots } from "../src/archive/snapshots.ts";
import { MINUTE, systemClock } from "../src/clock.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import type { Manifest } from "../src/snapshot/manifest.ts";
import { startRollcall } from "./cli/rollcall-process.ts";
import { assertNothingHalf, breakLease, readingSide } from "./support/aftermath.ts";
import { killedAt, type StrikeAt } from "./support/killed-at.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { startStorageGate } from "./support/storage-gate.ts";

const PATIENT = { timeout: 10 * MINUTE };
const PRUNE = ["prune", "--keep-last", "1", "--yes"];
const RUNS = 3;

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A tenant with signed snapshots, oldest first. */
async function startArchive(): Promise<{ readonly rig: Rig; readonly runs: readonly Manifest[] }> {
  const rig = await startRig(storage, { users: 20, signs: true });
  const runs: Manifest[] = [];
  while (runs.length < RUNS) runs.push(await rig.run());
  return { rig, runs };
}

/** A command in a process of its own, killed at a write. */
async function pruneInProcess(rig: Rig, strikeAt?: StrikeAt, command = PRUNE) {
  let child: ReturnType<typeof startRollcall> | undefined;
  const strike = killedAt(strikeAt, () => child);
  await using gate = await startStorageGate(storage, rig.tenant.tls, strike);
  child = startRollcall(command, {
    ...rig.sandbox.environment,
    ROLLCALL_STORAGE: gate.url,
    ROLLCALL_KEEP: "last=1",
  });
  const exited = once(child, "exit");
  const [stderr] = await Promise.all([text(child.stderr), text(child.stdout)]);
  await exited;
  return { exitCode: child.exitCode, signalCode: child.signalCode, stderr, writes: [...gate.writes] };
}

/** Each folder holds a whole snapshot, or says that its run was pruned. */
async function assertWholeOrPruned(rig: Rig, runs: readonly Manifest[]): Promise<readonly string[]> {
  const committed = (await assertNothingHalf(rig, storage)).runs;
  const names = await rig.blobs();
  for (const { runId } of runs.filter(({ runId }) => !committed.includes(runId))) {
    const left = names.find((name) => name.endsWith(`/run=${runId}/manifest.pruned.json`));
    assert.ok(left, `nothing tells that ${runId} was pruned`);
  }
  const { tenantId } = rig.tenant;
  const snapshots = new Snapshots(readingSide(rig, storage), tenantId, AbortSignal.timeout(MINUTE));
  const chain = await snapshots.verifyChain();
  assert.deepEqual([chain.problems, chain.end], [[], "first-run"]);
  return committed;
}

async function killAt(strikeAt: StrikeAt): Promise<void> {
  const { rig, runs } = await startArchive();
  await using _ = rig;
  const newest = runs.at(-1)?.runId;
  const { signalCode, stderr } = await pruneInProcess(rig, strikeAt);
  assert.equal(signalCode, "SIGKILL", stderr);
  const { latest } = await assertNothingHalf(rig, storage);
  assert.equal(latest, newest);
  assert.ok((await assertWholeOrPruned(rig, runs)).includes(newest ?? ""));

  await breakLease(rig);
  const second = await pruneInProcess(rig);
  assert.equal(second.exitCode, 0, second.stderr);
  assert.deepEqual(await assertWholeOrPruned(rig, runs), [newest]);
  const left = (await rig.blobs()).filter((name) => !name.includes(`run=${newest}`));
  assert.deepEqual(
    left.map((name) => name.slice(name.lastIndexOf("/") + 1)),
    [...runs.slice(1).flatMap(() => ["manifest.jws", "manifest.pruned.json"]), "latest.json"],
  );

  const next = await rig.run({ run: { clock: systemClock } });
  assert.equal(next.previous?.runId, newest);
  assert.deepEqual(await assertWholeOrPruned(rig, runs), [next.runId, newest]);
}

describe("a prune that is killed leaves whole snapshots, and runs that say that they were pruned", {
  concurrency: 2,
}, () => {
  it("at every write, and the next one finishes it", PATIENT, async (t) => {
    const { rig, runs } = await startArchive();
    await using _ = rig;
    const { exitCode, stderr, writes } = await pruneInProcess(rig);
    assert.equal(exitCode, 0, stderr);
    assert.equal((await assertWholeOrPruned(rig, runs)).length, 1);
    assert.equal(writes.filter((name) => name === "DELETE manifest.json").length, RUNS - 1, writes.join());
    // The runs that are pruned are alike: the first will do.
    const first = writes.slice(0, writes.lastIndexOf("PUT manifest.pruned.json"));
    const points = first.flatMap((name, index) =>
      (["before", "after"] as const).map((moment) => ({ name, write: index + 1, moment })),
    );
    const chosen = points.filter(({ name }) => /^DELETE|manifest\.pruned/.test(name));
    for (const { name, ...strikeAt } of chosen) {
      await t.test(`${strikeAt.moment} write ${strikeAt.write}, ${name}`, () => killAt(strikeAt));
    }
  });

  it("at the end of a run, whose snapshot is the latest by then", PATIENT, async (t) => {
    const { rig } = await startArchive();
    await using _ = rig;
    const { exitCode, stderr, writes } = await pruneInProcess(rig, undefined, ["snapshot"]);
    assert.equal(exitCode, 0, stderr);
    const write = writes.indexOf("DELETE manifest.json") + 1;
    assert.ok(write > writes.indexOf("PUT latest.json") + 1, writes.join());
    for (const moment of ["before", "after"] as const) {
      await t.test(`${moment} it deletes a manifest`, async () => {
        const archive = await startArchive();
        await using _ = archive.rig;
        const killed = await pruneInProcess(archive.rig, { write, moment }, ["snapshot"]);
        assert.equal(killed.signalCode, "SIGKILL", killed.stderr);
        const { latest, runs } = await assertNothingHalf(archive.rig, storage);
        assert.equal(latest, runs[0]);
        assert.equal(runs.length, RUNS + (moment === "before" ? 1 : 0));
        await assertWholeOrPruned(archive.rig, archive.runs);
      });
    }
  });
});
