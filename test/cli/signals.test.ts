import assert from "node:assert/strict";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../src/clock.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { lockPath } from "../../src/snapshot/layout.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { startRollcall } from "./rollcall-process.ts";

const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
/** What hangs fails. */
const PATIENT = { timeout: 30_000 };

let storage: Storage;
let rig: Rig;

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 6000 });
  await rig.run();
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

type Child = ReturnType<typeof startRollcall>;

/** Takes a snapshot from the command line and does something to the process while page 3 is asked for. */
async function snapshotStruck(strike: (child: Child) => void): Promise<Child> {
  const published = await rig.published();
  const child = startRollcall(["snapshot"], rig.sandbox.environment);
  rig.tenant.script({
    service: "graph",
    match: ({ page }) => page === 3,
    fault: { kind: "before", run: () => strike(child) },
  });
  const exited = once(child, "exit");
  child.stdout.resume();
  await exited;
  assert.deepEqual(await rig.published(), published);
  assert.deepEqual(await rig.orphans(), []);
  const lock = rig.container.getBlobClient(lockPath(rig.tenant.tenantId));
  assert.equal((await lock.getProperties()).leaseState, "available");
  return child;
}

describe("rollcall snapshot", () => {
  for (const name of SIGNALS) {
    it(`leaves cleanly at ${name}`, PATIENT, async () => {
      let stderr: Promise<string> | undefined;
      const child = await snapshotStruck((process) => {
        stderr = text(process.stderr);
        process.kill(name);
      });
      assert.deepEqual([child.exitCode, child.signalCode], [1, null]);
      assert.match((await stderr) ?? "", new RegExp(`^rollcall: terminated\\n.*\\(${name}\\)`));
    });
  }

  it("leaves cleanly when its terminal goes: told twice, with nobody to write to", PATIENT, async () => {
    const child = await snapshotStruck((process) => {
      process.stdout.destroy();
      process.stderr.destroy();
      process.kill("SIGHUP");
      setTimeout(() => process.kill("SIGHUP"), 5);
    });
    assert.deepEqual([child.exitCode, child.signalCode], [1, null]);
  });

  it("does not hinder the next", async () => {
    const { completeness } = await rig.run({ run: { clock: systemClock } });
    assert.equal(completeness.unique, rig.tenant.directory.size);
  });
});

describe("a reading command", () => {
  for (const name of SIGNALS) {
    it(`ends at ${name} although its reader has stopped reading`, PATIENT, async () => {
      const child = startRollcall(["users"], rig.sandbox.environment);
      const exited = once(child, "exit");
      const stderr = text(child.stderr);
      // The pipe fills up, and stays full.
      await once(child.stdout, "readable");
      child.kill(name);
      await exited;
      assert.deepEqual([child.exitCode, child.signalCode], [1, null]);
      assert.match(await stderr, /^rollcall: terminated/);
    });
  }

  it("ends at a signal although its errors reach nobody", PATIENT, async () => {
    const child = startRollcall(["users"], rig.sandbox.environment);
    const exited = once(child, "exit");
    await once(child.stdout, "readable");
    child.stderr.destroy();
    child.kill("SIGHUP");
    await exited;
    assert.deepEqual([child.exitCode, child.signalCode], [1, null]);
  });
});
