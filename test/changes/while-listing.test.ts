import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { ChangeWatch } from "../../src/changes/change-watch.ts";
import { compareSnapshots } from "../../src/changes/compare.ts";
import { FingerprintTable } from "../../src/changes/fingerprint-table.ts";
import { storedSide } from "../../src/changes/side.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf, manifestPath } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { readingSide } from "../support/aftermath.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { idOf, memorySide } from "./memory-side.ts";

const FINGERPRINT_BYTES = 24;
const SMALL_PARTS = { maxPartBytes: 40_000 };

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** The changes that a run wrote, sorted. */
async function written(rig: Rig, { tenantId, runId, changes }: Manifest): Promise<string[]> {
  const folder = folderOf(tenantId, runId).path;
  const bodies = (changes?.parts ?? []).map(({ name }) =>
    rig.container.getBlobClient(`${folder}/${name}`).downloadToBuffer(),
  );
  const text = (await Promise.all(bodies)).map((body) => gunzipSync(body).toString()).join("");
  return text.split("\n").filter(Boolean).sort();
}

/** What comparing all rows of both runs finds, sorted. */
async function byRows(rig: Rig, one: Manifest, other: Manifest): Promise<string[]> {
  const container = readingSide(rig, storage);
  const [first, second] = [one, other].map(({ tenantId, runId, source, parts }) =>
    storedSide(container, { folder: folderOf(tenantId, runId), properties: source.properties, parts }),
  );
  assert.ok(first && second);
  const lines: string[] = [];
  for await (const changes of compareSnapshots(first, second)) {
    lines.push(...changes.map(({ line }) => line.toString()));
  }
  return lines.sort();
}

/** Changes a directory at random: leavers, joiners, values, and the order of a collection, which is no change. */
function shuffle({ tenant: { directory } }: Rig): void {
  const ids = [...directory.ids()];
  for (const id of ids) {
    const dice = randomInt(40);
    if (dice === 0) directory.remove(id);
    if (dice === 1) directory.update(id, { department: `Team ${randomInt(1000)}` });
    if (dice === 2) directory.update(id, { accountEnabled: false, jobTitle: null });
    if (dice === 3) directory.update(id, { otherMails: [`${randomInt(9)}@a.example`, "b@b.example"] });
  }
  for (let joiner = 0; joiner < 25; joiner++) directory.add();
}

/** Rewrites a run's fingerprints, and its manifest to fit. */
async function forge(rig: Rig, run: Manifest, edit: (body: Buffer) => Buffer): Promise<void> {
  const folder = folderOf(run.tenantId, run.runId);
  const [part, ...others] = run.fingerprints ?? [];
  assert.ok(part && others.length === 0);
  const path = `${folder.path}/${part.name}`;
  const body = edit(await rig.container.getBlobClient(path).downloadToBuffer());
  await rig.put(path, body);
  const sha256 = createHash("sha256").update(body).digest("hex");
  await rig.put(manifestPath(folder), JSON.stringify({ ...run, fingerprints: [{ ...part, sha256 }] }));
}

describe("changes that are found while users are listed", () => {
  for (const [way, settings] of [
    ["page after page", { ROLLCALL_LISTING: "sequential" }],
    ["in slices", { ROLLCALL_LISTING: "sliced" }],
  ] as const) {
    it(`are to the byte those of all rows, night after night: ${way}`, async () => {
      await using rig = await startRig(storage, { users: 1500 });
      let previous = await rig.run({ settings, run: SMALL_PARTS });
      assert.ok(previous.parts.length > 1);
      for (let night = 0; night < 3; night++) {
        shuffle(rig);
        const tonight = await rig.run({ settings, run: SMALL_PARTS });
        assert.equal(tonight.source.listing.used, way === "in slices" ? "sliced" : "sequential");
        assert.equal(tonight.changes?.comparedBy, "fingerprints");
        assert.equal(tonight.changes?.fellBack, null);
        const found = await written(rig, tonight);
        assert.ok(found.length > 50);
        assert.deepEqual(found, await byRows(rig, previous, tonight));
        previous = tonight;
      }
    });
  }

  it("hold nothing of a listing that had to begin again", async () => {
    await using rig = await startRig(storage, { users: 3500 });
    const first = await rig.run({ run: SMALL_PARTS });
    shuffle(rig);
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 3,
      fault: { kind: "expiredPageToken" },
    });
    const second = await rig.run({ run: SMALL_PARTS });
    assert.equal(second.changes?.comparedBy, "fingerprints");
    assert.deepEqual(await written(rig, second), await byRows(rig, first, second));
    assert.deepEqual(await rig.orphans(), []);
  });

  it("count a user once who comes twice", async () => {
    await using rig = await startRig(storage, { users: 2500 });
    const first = await rig.run();
    shuffle(rig);
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      fault: { kind: "duplicate", count: 40 },
    });
    const second = await rig.run();
    assert.ok(second.completeness.duplicates > 0);
    assert.deepEqual(await written(rig, second), await byRows(rig, first, second));
  });
});

describe("changes of a listing that failed while they were being written", () => {
  it("are deleted, and none is written after that", async () => {
    await using rig = await startRig(storage, { users: 10 });
    await rig.run();
    const container = readingSide(rig, storage);
    const { clock } = rig;
    const { signal } = container;
    const startedAt = new Date(clock.now());
    const folder = folderOf(rig.tenant.tenantId, "20300101T020000Z");
    const times = { startedAt, startedMs: 0, deadlineMs: Number.POSITIVE_INFINITY };
    const run = { container, folder, signal, clock, ...times, maxPartBytes: 1 };
    const properties = ["id", "extension"];
    const before = memorySide([], { properties });
    const table = FingerprintTable.of(new Uint32Array(), []) ?? assert.fail();
    const watch = new ChangeWatch(run, before, table);
    // Large enough for a part to be closed, and sent, before the listing ends.
    const extension = randomBytes(200_000).toString("base64");
    const line = JSON.stringify({ id: idOf(0), extension });
    watch.add(-1, new Uint32Array(2), 0, Buffer.from(line));
    const flushing = watch.flush();
    await watch.discard();
    await flushing;
    await setTimeout(200);
    assert.deepEqual(await rig.orphans(), []);
  });
});

describe("fingerprints that cannot be used", () => {
  for (const [what, spoil, why] of [
    [
      "are missing",
      async (rig: Rig, run: Manifest) => {
        const [part] = run.fingerprints ?? [];
        await rig.container.deleteBlob(`${folderOf(run.tenantId, run.runId).path}/${part?.name}`);
      },
      /fingerprints-00000\.bin: the blob is missing/,
    ],
    [
      "fail their hash",
      async (rig: Rig, run: Manifest) => {
        const path = `${folderOf(run.tenantId, run.runId).path}/fingerprints-00000.bin`;
        const body = await rig.container.getBlobClient(path).downloadToBuffer();
        await rig.put(path, Buffer.concat([body.subarray(1), body.subarray(0, 1)]));
      },
      /fingerprints-00000\.bin: its SHA-256 is not the one in the manifest/,
    ],
    [
      "were not kept",
      async (rig: Rig, run: Manifest) =>
        rig.put(
          manifestPath(folderOf(run.tenantId, run.runId)),
          JSON.stringify({
            ...run,
            schema: "rollcall.snapshot/1",
            fingerprints: undefined,
            tallies: undefined,
          }),
        ),
      /^the previous snapshot has no fingerprints$/,
    ],
    [
      "name a user twice",
      (rig: Rig, run: Manifest) =>
        forge(rig, run, (body) =>
          Buffer.concat([body.subarray(0, FINGERPRINT_BYTES), body.subarray(0, -FINGERPRINT_BYTES)]),
        ),
      /fingerprints are not those of its users/,
    ],
    [
      "are of other users than the lines",
      (rig: Rig, run: Manifest) =>
        forge(rig, run, (body) =>
          Buffer.concat([body.subarray(FINGERPRINT_BYTES), body.subarray(0, FINGERPRINT_BYTES)]),
        ),
      /its lines are not those that were fingerprinted/,
    ],
  ] as const) {
    it(`because they ${what}: all rows are compared, and the manifest says why`, async () => {
      await using rig = await startRig(storage, { users: 900 });
      const first = await rig.run();
      await spoil(rig, first);
      shuffle(rig);
      const second = await rig.run();
      assert.equal(second.previous?.runId, first.runId);
      assert.equal(second.changes?.comparedBy, "rows");
      assert.match(second.changes?.fellBack ?? "", why);
      assert.deepEqual(await written(rig, second), await byRows(rig, first, second));
      assert.equal((await rig.run()).changes?.comparedBy, "fingerprints");
    });
  }

  it("because another selection made them: the properties of both are compared", async () => {
    await using rig = await startRig(storage, { users: 300 });
    const first = await rig.run({ settings: { ROLLCALL_PROPERTIES: "id,displayName,department" } });
    shuffle(rig);
    const second = await rig.run({ settings: { ROLLCALL_PROPERTIES: "id,department,displayName" } });
    assert.equal(second.changes?.fellBack, "the previous snapshot selected other properties");
    assert.deepEqual(await written(rig, second), await byRows(rig, first, second));
  });

  it("are kept by a run that compares nothing, for the next", async () => {
    await using rig = await startRig(storage, { users: 300 });
    const first = await rig.run({ settings: { ROLLCALL_CHANGES: "off" } });
    assert.equal(first.fingerprints?.[0]?.bytes, 300 * FINGERPRINT_BYTES);
    assert.equal((await rig.run()).changes?.comparedBy, "fingerprints");
  });
});
