// `rollcall prune` beside others who are at work on the same tenant.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { lockPath } from "../../src/snapshot/layout.ts";
import { rollcallHere, unwrapped } from "../cli/rollcall-process.ts";
import { NIGHTLY_TENANT, openNightly, throughGate } from "../support/nightly-manifests.ts";
import { clientOf, nights, prune, pruneJson } from "../support/prunable-nights.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

describe("a prune", () => {
  it("ends when its lock is taken from it: what is not yet pruned is whole, and the next prune goes on", async () => {
    const place = await nights(storage);
    const lease = clientOf(storage, place).getBlobClient(lockPath(NIGHTLY_TENANT)).getBlobLeaseClient();
    await using gate = await startStorageGate(storage, await sharedTls(), undefined, async (name) => {
      // The third snapshot is about to be withdrawn; the lock is renewed every five seconds.
      if (!/^DELETE manifest\.json/.test(name) || gate.writes.filter((write) => write === name).length !== 3)
        return undefined;
      await lease.breakLease(0);
      await lease.acquireLease(-1);
      await delay(6000);
      return undefined;
    });
    const through = { ...place.environment, ROLLCALL_STORAGE: throughGate(storage, gate.url) };
    const outcome = await rollcallHere(["prune", "--keep-last", "1", "--yes"], through);
    assert.equal(outcome.exitCode, 1);
    assert.equal(outcome.stdout, "");
    assert.match(
      unwrapped(outcome.stderr),
      /^rollcall: lock-lost .*this prune no longer holds the lock.*Prune again to go on/s,
    );
    assert.equal(gate.writes.filter((name) => name === "DELETE manifest.json").length, 3);
    await lease.releaseLease();
    const { snapshots } = openNightly(place.name, storage.connectionString);
    const left = await snapshots.runs();
    assert.ok(left.length >= 7 && left.length <= 8, left.join());
    const { folders } = await pruneJson(place, "--keep-last", "99");
    assert.ok(
      folders.every(({ kind, keptBy }) => kind === "pruned" || keptBy.includes("last")),
      "one is neither whole nor pruned",
    );
    await pruneJson(place, "--keep-last", "1", "--yes");
    assert.equal((await snapshots.runs()).length, 1);
    assert.equal((await snapshots.verifyChain()).holds, true);
  });

  it("waits for another, and then finds what that one left", async () => {
    const place = await nights(storage);
    const outcomes = await Promise.all(
      [["3"], ["2"], ["4"]].map(([count = ""]) => prune(place, "--keep-last", count, "--yes")),
    );
    assert.deepEqual(
      outcomes.map(({ exitCode, stderr }) => [exitCode, stderr]),
      outcomes.map(() => [0, ""]),
    );
    const { snapshots } = openNightly(place.name, storage.connectionString);
    assert.equal((await snapshots.runs()).length, 2);
    assert.equal((await snapshots.verifyChain()).holds, true);
    const deleted = outcomes.map(({ stdout }) => Number(/Deleted: (\d+) snapshot/.exec(stdout)?.[1]));
    assert.equal(
      deleted.reduce((sum, count) => sum + count, 0),
      8,
    );
  });
});
