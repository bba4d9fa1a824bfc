// src/storage (the lock) is tested through runs: here, and in lock-lost.test.ts.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Storage } from "../src/sandbox/storage.ts";
import { lockPath } from "../src/snapshot/layout.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

const ENDLESS = -1;

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A tenant with one snapshot, and the lock of its runs. */
async function startLockedRig() {
  const rig = await startRig(storage, { users: 20 });
  await rig.run();
  const blob = rig.container.getBlobClient(lockPath(rig.tenant.tenantId));
  return { rig, blob, lease: blob.getBlobLeaseClient() };
}

/** How long the last run waited for the lock, in milliseconds of its clock. */
async function waitOf(rig: Rig, action: () => Promise<unknown>): Promise<number> {
  const before = rig.clock.waitsMs.length;
  await action();
  return rig.clock.waitsMs.slice(before).reduce((sum, waitMs) => sum + waitMs, 0);
}

describe("a lock that somebody acquired by hand", () => {
  it("for ever is told at once, with how to break it; broken, it hinders nobody", async () => {
    const { rig, blob, lease } = await startLockedRig();
    await using _ = rig;
    await lease.acquireLease(ENDLESS);
    const waitMs = await waitOf(rig, async () => {
      const error = await rig.fails("lock-held");
      assert.match(error.problem, /infinite lease .* by hand.*never ends by itself/);
      assert.match(error.remedy, /Break lease on that blob in the portal/);
      assert.ok(
        error.remedy.includes(
          `az storage blob lease break --account-name ${blob.accountName} --container-name ${blob.containerName} --blob-name "${blob.name}"`,
        ),
        error.remedy,
      );
      assert.doesNotMatch(error.message, /15 seconds|Wait for it/);
    });
    assert.equal(waitMs, 0);
    await lease.breakLease(0);
    // A run waits for a second of its own, as ids have whole ones, and for the lock a second at the least.
    assert.ok((await waitOf(rig, () => rig.run())) < 1000);
  });

  it("for ever while a run waits for it is told then", async () => {
    const { rig, lease } = await startLockedRig();
    await using _ = rig;
    const { leaseId } = await lease.acquireLease(60);
    let asked = 0;
    const sleep = rig.clock.sleep.bind(rig.clock);
    rig.clock.sleep = async (ms, signal) => {
      if (++asked === 3) {
        assert.ok(leaseId);
        await lease.releaseLease();
        await lease.acquireLease(ENDLESS);
      }
      await sleep(ms, signal);
    };
    const error = await rig.fails("lock-held");
    assert.match(error.problem, /infinite lease/);
    assert.equal(asked, 3);
  });

  it("for longer than a run's lease is waited for, and the message says how long it can last", async () => {
    const { rig, lease } = await startLockedRig();
    await using _ = rig;
    await lease.acquireLease(60);
    const error = await rig.fails("lock-held");
    assert.match(error.problem, /^run \d{8}T\d{6}Z is at work on this tenant$/);
    assert.match(error.remedy, /within 15 seconds, a lease that somebody acquired by hand within 60/);
  });

  it("and that is being broken is told as such", async () => {
    const { rig, lease } = await startLockedRig();
    await using _ = rig;
    await lease.acquireLease(ENDLESS);
    await lease.breakLease(50);
    const error = await rig.fails("lock-held");
    assert.match(error.problem, /somebody has broken the lease on it/);
    assert.match(error.remedy, /at most 60 seconds/);
  });

  it("shows nothing of its blob but a run's id", async () => {
    const { rig, blob, lease } = await startLockedRig();
    await using _ = rig;
    await blob.setMetadata({ run: "Bearer Zz8Q" });
    await lease.acquireLease(60);
    const error = await rig.fails("lock-held");
    assert.match(error.problem, /^another run is at work/);
    assert.doesNotMatch(error.message, /Zz8Q/);
  });
});

describe("a lock that a prune holds", () => {
  it("is told to be one, with the prune that holds it", async () => {
    const { rig, blob, lease } = await startLockedRig();
    await using _ = rig;
    await lease.acquireLease(60);
    await blob.setMetadata({ run: "prune" }, { conditions: { leaseId: lease.leaseId } });
    const error = await rig.fails("lock-held");
    assert.equal(error.problem, "`rollcall prune` is at work on this tenant");
  });
});
