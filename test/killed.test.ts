import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { MINUTE, systemClock } from "../src/clock.ts";
import type { FaultRule } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { assertNothingHalf, breakLease } from "./support/aftermath.ts";
import { compileCache } from "./support/compile-cache.ts";
import { killedAt, type StrikeAt } from "./support/killed-at.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { type Strike, startStorageGate } from "./support/storage-gate.ts";

const RUN_ONCE = fileURLToPath(new URL("support/run-once.ts", import.meta.url));

/** Each test is many runs, and a machine may be busy. */
const PATIENT = { timeout: 20 * MINUTE };

/** What a run that is killed is doing. */
interface Scene {
  /** Whether there is a whole snapshot of yesterday; a container that does not exist otherwise. */
  readonly hasYesterday: boolean;
  /** Strikes the killed run, but not the one after it. */
  readonly fault?: FaultRule;
  /** Which writes are of interest; all by default. */
  readonly only?: RegExp;
}

/** How a run in a process of its own went. */
interface Outcome {
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  readonly stderr: string;
  /** Its writes to the storage, in order. */
  readonly writes: readonly string[];
}

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A run in a process of its own; `strike` gets the process to be killed. */
async function runInProcess(rig: Rig, strikeAt?: StrikeAt): Promise<Outcome> {
  let child: ChildProcess | undefined;
  const strike = killedAt(strikeAt, () => child);
  await using gate = await startStorageGate(storage, rig.tenant.tls, strike);
  child = spawn(process.execPath, [RUN_ONCE], {
    env: { ...rig.sandbox.environment, ROLLCALL_STORAGE: gate.url, ...compileCache() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  assert.ok(child.stderr);
  const exited = once(child, "exit");
  const stderr = await text(child.stderr);
  await exited;
  const { exitCode, signalCode } = child;
  return { exitCode, signalCode, stderr, writes: [...gate.writes] };
}

async function setScene({ hasYesterday, fault }: Scene): Promise<Rig> {
  await using opened = new AsyncDisposableStack();
  // The faults are on the third page.
  const rig = opened.use(await startRig(storage, { users: fault ? 2100 : 1010, signs: true }));
  if (hasYesterday) await rig.run();
  if (fault) rig.tenant.script(fault);
  // The rig goes on: it is the caller's now.
  opened.move();
  return rig;
}

async function killAt(scene: Scene, strikeAt: StrikeAt): Promise<void> {
  await using rig = await setScene(scene);
  const before = await assertNothingHalf(rig, storage);

  const { signalCode, stderr } = await runInProcess(rig, strikeAt);
  assert.equal(signalCode, "SIGKILL", stderr);
  const found = await assertNothingHalf(rig, storage);
  assert.ok(
    before.runs.every((runId) => found.runs.includes(runId)),
    "yesterday's snapshot is gone",
  );
  assert.ok(found.latest !== undefined || !scene.hasYesterday, "latest.json is gone");

  await breakLease(rig);
  const next = await rig.run({ run: { clock: systemClock } });
  assert.equal((await assertNothingHalf(rig, storage)).latest, next.runId);
  assert.equal(next.completeness.unique, rig.tenant.directory.size);
  // Also one whose run died before it could move latest.json.
  assert.equal(next.previous?.runId, found.runs[0]);
}

/** Finds out in an undisturbed run which writes a scene has, then kills a run at each of them. */
async function killAtEveryWrite(
  t: TestContext,
  scene: Scene,
  moments: readonly Strike["moment"][],
): Promise<void> {
  await using rig = await setScene(scene);
  const { signalCode, writes } = await runInProcess(rig);
  assert.equal(signalCode, null);
  const points = writes.flatMap((name, index) =>
    moments.map((moment) => ({ name, write: index + 1, moment })),
  );
  const chosen = points.filter(({ name }) => scene.only?.test(name) ?? true);
  assert.ok(chosen.length > 0, writes.join());
  for (const { name, ...strikeAt } of chosen) {
    await t.test(`${strikeAt.moment} write ${strikeAt.write}, ${name}`, () => killAt(scene, strikeAt));
  }
}

describe("a killed process leaves no reader with half a snapshot and does not hinder the next run", {
  concurrency: 2,
}, () => {
  it("without help: the next run waits until the dead one's lease has ended", PATIENT, async () => {
    await using rig = await setScene({ hasYesterday: true });
    assert.equal((await runInProcess(rig, { write: 4, moment: "after" })).signalCode, "SIGKILL");
    const { runs } = await assertNothingHalf(rig, storage);
    const { exitCode, stderr } = await runInProcess(rig);
    assert.equal(exitCode, 0, stderr);
    const after = await assertNothingHalf(rig, storage);
    assert.equal(after.runs.length, runs.length + 1);
    assert.equal(after.latest, after.runs[0]);
  });

  it("in a usual night, at every write", PATIENT, async (t) => {
    await killAtEveryWrite(t, { hasYesterday: true }, ["before", "after"]);
  });

  it("in the first night, which makes the container and the lock", PATIENT, async (t) => {
    const only = /^PUT (rig-|run\.lock(?!.* release)|latest)/;
    await killAtEveryWrite(t, { hasYesterday: false, only }, ["after"]);
  });

  it("while it begins again and takes back the parts of its first attempt", PATIENT, async (t) => {
    const fault = { kind: "expiredPageToken" } as const;
    const rule: FaultRule = { service: "graph", match: ({ page }) => page === 3, fault };
    await killAtEveryWrite(t, { hasYesterday: true, fault: rule, only: /^DELETE|users-0000[01]/ }, ["after"]);
  });

  it("while it takes back the parts of a listing that fell short", PATIENT, async (t) => {
    const rule: FaultRule = {
      service: "graph",
      match: ({ page }) => page === 3,
      fault: { kind: "omitUsers", count: 50 },
    };
    await killAtEveryWrite(t, { hasYesterday: true, fault: rule, only: /^DELETE/ }, ["after"]);
  });
});
