// A run for a night that has a snapshot already.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Storage } from "../src/sandbox/storage.ts";
import { latestPath } from "../src/snapshot/layout.ts";
import { startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

describe("a run for a slot that has its snapshot", () => {
  it("takes none, and moves latest.json, which a process that died has left behind", async () => {
    await using rig = await startRig(storage, { users: 10 });
    const first = await rig.run();
    const latest = rig.container.getBlockBlobClient(latestPath(first.tenantId));
    const pointed = await latest.downloadToBuffer();
    await latest.delete();
    const blobs = await rig.blobs();
    const { manifest, isNew, warnings } = await rig.take({ run: { slot: new Date(first.startedAt) } });
    assert.deepEqual([manifest.runId, isNew, warnings], [first.runId, false, []]);
    assert.deepEqual(await latest.downloadToBuffer(), pointed);
    assert.deepEqual(
      (await rig.blobs()).filter((name) => !blobs.includes(name)),
      [latestPath(first.tenantId)],
    );
  });
});
