// `rollcall prune` on a storage that keeps some of it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf, partName } from "../../src/snapshot/layout.ts";
import { failureOf, rollcallHere } from "../cli/rollcall-process.ts";
import { NIGHTLY_TENANT, pathOf, throughGate } from "../support/nightly-manifests.ts";
import {
  blobsOf,
  clientOf,
  NIGHTS,
  namesIn,
  night,
  nights,
  prune,
  pruneJson,
} from "../support/prunable-nights.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

/** Which write of a prune deletes its first manifest, where the lock's blob exists: after the lock and one copy. */
async function writeOfFirstDelete(environment: Readonly<Record<string, string>>): Promise<number> {
  const nothing = ["prune", "--keep-last", "99", "--yes"];
  await rollcallHere(nothing, environment);
  await using gate = await startStorageGate(storage, await sharedTls());
  await rollcallHere(nothing, { ...environment, ROLLCALL_STORAGE: throughGate(storage, gate.url) });
  const before = gate.writes.findIndex((name) => name.endsWith("comp=metadata")) + 1;
  assert.notEqual(before, 0, gate.writes.join());
  return before + 2;
}

describe("a storage that does not let go", () => {
  it("of one manifest, for a lease on it: that snapshot is whole, and the others are pruned", async () => {
    const place = await nights(storage);
    const held = night(-8);
    const lease = clientOf(storage, place).getBlobClient(pathOf(held)).getBlobLeaseClient();
    await lease.acquireLease(-1);
    const before = blobsOf(held, await namesIn(storage, place));
    const outcome = await prune(place, "--keep-last", "4", "--yes");
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stdout, /\nDeleted: 5 snapshots/);
    assert.match(
      outcome.stderr,
      /^rollcall: storage-refused\n[\s\S]*pruning run 2026\S+, deleting[\s\S]*there is a lease on\s+it/,
    );
    assert.match(
      outcome.stderr.replaceAll(/\s+/g, " "),
      new RegExp(`Nothing of run ${held.runId} was deleted: it is whole`),
    );
    assert.deepEqual(blobsOf(held, await namesIn(storage, place)), before);
    await lease.releaseLease();
    assert.equal((await pruneJson(place, "--keep-last", "4", "--yes")).deleted?.snapshots, 1);
  });

  it("of a manifest, for an immutability policy: that snapshot is whole", async () => {
    const { name, environment, ...place } = await nights(storage, NIGHTS.slice(-2));
    const [older] = NIGHTS.slice(-2);
    const before = await namesIn(storage, { name, environment, ...place });
    const write = await writeOfFirstDelete(environment);
    await using gate = await startStorageGate(storage, await sharedTls(), {
      write,
      moment: "before",
      status: 409,
      code: "BlobImmutableDueToPolicy",
    });
    const outcome = await rollcallHere(["prune", "--keep-last", "1", "--yes", "--json"], {
      ...environment,
      ROLLCALL_STORAGE: throughGate(storage, gate.url),
    });
    assert.equal(gate.writes[write - 1], "DELETE manifest.json");
    assert.equal(outcome.exitCode, 1);
    const { code, problem, remedy } = failureOf(outcome);
    assert.equal(code, "storage-refused");
    assert.match(String(problem), /immutability policy or a legal hold keeps it/);
    assert.match(String(remedy), new RegExp(`Nothing of run ${older?.runId} was deleted: it is whole`));
    assert.deepEqual(await namesIn(storage, { name, environment, ...place }), before);
    assert.equal((await place.snapshots.runs()).length, 2);
  });

  it("of a part: the run counts as pruned, and the next prune clears the rest", async () => {
    const place = await nights(storage);
    const held = night(-8);
    const part = `${folderOf(NIGHTLY_TENANT, held.runId).path}/${partName(0)}`;
    const lease = clientOf(storage, place).getBlobClient(part).getBlobLeaseClient();
    await lease.acquireLease(-1);
    const outcome = await prune(place, "--keep-last", "4", "--yes", "--json");
    assert.equal(outcome.exitCode, 1);
    assert.match(String(failureOf(outcome).remedy), /counts as pruned; the next prune clears what is left/);
    assert.deepEqual(blobsOf(held, await namesIn(storage, place)), ["manifest.pruned.json", partName(0)]);
    assert.equal((await place.snapshots.verifyChain()).holds, true);
    await lease.releaseLease();
    const { folders } = await pruneJson(place, "--keep-last", "4", "--yes");
    assert.deepEqual(folders.find(({ runId }) => runId === held.runId)?.kind, "pruned");
    assert.deepEqual(blobsOf(held, await namesIn(storage, place)), ["manifest.pruned.json"]);
  });

  it("says, having deleted a manifest, that it is unavailable: the copy stays, so the run counts as pruned", async () => {
    const place = await nights(storage, NIGHTS.slice(-2));
    const [older] = NIGHTS.slice(-2);
    assert.ok(older);
    const write = await writeOfFirstDelete(place.environment);
    const strike = { write, moment: "after", status: 503, lasts: true } as const;
    await using gate = await startStorageGate(storage, await sharedTls(), strike);
    const outcome = await rollcallHere(["prune", "--keep-last", "1", "--yes"], {
      ...place.environment,
      ROLLCALL_STORAGE: throughGate(storage, gate.url),
    });
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stderr, /^rollcall: storage-unavailable\n/);
    const left = blobsOf(older, await namesIn(storage, place));
    assert.ok(left.includes("manifest.pruned.json") && !left.includes("manifest.json"), left.join());
    assert.equal((await place.snapshots.verifyChain()).holds, true);
  });

  it("with 403: nothing is deleted, and the role is named", async () => {
    const place = await nights(storage);
    const before = await namesIn(storage, place);
    const through = (url: string) => ({ ...place.environment, ROLLCALL_STORAGE: throughGate(storage, url) });
    const write = await writeOfFirstDelete(place.environment);
    const strike = { write, moment: "before", status: 403 } as const;
    await using gate = await startStorageGate(storage, await sharedTls(), strike);
    const outcome = await rollcallHere(["prune", "--keep-last", "1", "--yes"], through(gate.url));
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stderr, /^rollcall: storage-denied\n[\s\S]*Storage Blob Data Contributor/);
    assert.deepEqual(await namesIn(storage, place), before);
  });
});
