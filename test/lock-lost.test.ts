import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import { systemClock } from "../src/clock.ts";
import { RollcallError } from "../src/error.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { Container } from "../src/storage/container.ts";
import { type Lock, takeLock } from "../src/storage/lock.ts";
import { type Cable, layCable } from "./support/cable.ts";
import { startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

/** Longer than a lease, which lasts 15 seconds. */
const PAST_THE_LEASE_MS = 16_500;
const PATIENT = { timeout: 90_000 };
const PATH = "tenant/run.lock";

let storage: Storage;

before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A lock behind a cable, and the client of its blob that needs none. */
async function takeOver(name: string): Promise<{
  readonly cable: Cable;
  readonly lock: Lock;
  readonly blob: ReturnType<ReturnType<BlobServiceClient["getContainerClient"]>["getBlockBlobClient"]>;
}> {
  const cable = await layCable(storage.url);
  const behind = BlobServiceClient.fromConnectionString(
    storage.connectionString.replace(storage.url, cable.url),
  );
  const direct = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(name);
  await direct.create();
  const { signal } = new AbortController();
  const container = new Container(behind.getContainerClient(name), signal);
  const lock = await takeLock(container, { path: PATH, clock: systemClock, signal });
  return { cable, lock, blob: direct.getBlockBlobClient(PATH) };
}

async function assertLost(lock: Lock, words: RegExp): Promise<void> {
  await assert.rejects(lock.confirm(), (error: unknown) => {
    assert.ok(error instanceof RollcallError);
    assert.equal(error.code, "lock-lost");
    assert.match(error.problem, words);
    return true;
  });
  assert.equal((lock.signal.reason as RollcallError).code, "lock-lost");
}

describe("a lock whose storage was out of reach", { concurrency: true }, () => {
  it("is lost when another run had it meanwhile, even if that one has ended", PATIENT, async () => {
    await using rig = await startRig(storage, { users: 2100 });
    await using cable = await layCable(storage.url);
    let other: Promise<{ readonly runId: string }> | undefined;
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      fault: {
        kind: "before",
        run: async () => {
          cable.cut();
          // Waits for the first one's lease to end, takes the lock, commits and lets it go.
          other = rig.run({ run: { clock: systemClock } });
          await other;
          cable.plug();
        },
      },
    });
    const timeouts = { connectMs: 2000, headersMs: 60_000, bodyMs: 60_000 };
    const first = rig.run({
      settings: { ROLLCALL_STORAGE: cable.url },
      run: { clock: systemClock, timeouts },
    });
    const error = await first.then(
      () => assert.fail("it published"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof RollcallError);
    assert.equal(error.code, "lock-lost", error.message);
    const [manifest, latest, ...more] = (await rig.published()).sort();
    const { runId } = (await other) ?? {};
    assert.deepEqual(more, []);
    assert.ok([manifest, latest].some((entry) => String(entry).includes(`run=${runId}`)));
    assert.deepEqual(await rig.orphans(), []);
  });

  it("is still held when its lease has ended and nobody took it", PATIENT, async () => {
    const { cable, lock, blob } = await takeOver("nobody");
    await using _cable = cable;
    await using _lock = lock;
    cable.cut();
    await delay(PAST_THE_LEASE_MS);
    assert.equal((await blob.getProperties()).leaseState, "expired");
    assert.equal(lock.signal.aborted, false);
    cable.plug();
    await lock.confirm();
    assert.equal((await blob.getProperties()).leaseState, "leased");
    assert.equal(lock.signal.aborted, false);
  });

  it("is still held after a renewal or two that did not get through", PATIENT, async () => {
    const { cable, lock, blob } = await takeOver("twice");
    await using _cable = cable;
    await using _lock = lock;
    cable.cut();
    await delay(11_000);
    cable.plug();
    // Past the end of the lease that was given in the beginning.
    await delay(6000);
    assert.equal((await blob.getProperties()).leaseState, "leased");
    assert.equal(lock.signal.aborted, false);
  });
});

describe("a lock that somebody took away", () => {
  it("is lost when an operator broke its lease", async () => {
    const { cable, lock, blob } = await takeOver("broken");
    await using _cable = cable;
    await using _lock = lock;
    await blob.getBlobLeaseClient().breakLease(0);
    await assertLost(lock, /somebody broke its lease/);
  });

  it("is lost when its blob was deleted", async () => {
    const { cable, lock, blob } = await takeOver("deleted");
    await using _cable = cable;
    await using _lock = lock;
    await blob.getBlobLeaseClient().breakLease(0);
    await blob.delete();
    await assertLost(lock, /its blob was deleted/);
  });

  it("is lost when another run took it after the break", async () => {
    const { cable, lock, blob } = await takeOver("taken");
    await using _cable = cable;
    await using _lock = lock;
    await blob.getBlobLeaseClient().breakLease(0);
    await blob.getBlobLeaseClient().acquireLease(15);
    await assertLost(lock, /another run took it over/);
  });
});
