import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { changeFindings, readChanges } from "../../src/changes/change-lines.ts";
import {
  type ChangesOptions,
  type ChangesOutcome,
  ChangesSincePrevious,
  FIRST_RUN,
} from "../../src/changes/changes-since-previous.ts";
import { MINUTE, systemClock } from "../../src/clock.ts";
import { RollcallError } from "../../src/error.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import type { ChangesEntry, Manifest } from "../../src/snapshot/manifest.ts";
import type { Run } from "../../src/snapshot/run.ts";
import { type Container, openContainer } from "../../src/storage/container.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** Two snapshots, the second of which is taken for one that is about to be committed. */
class Nights implements AsyncDisposable {
  readonly rig: Rig;
  readonly first: Manifest;
  readonly second: Manifest;
  readonly container: Container;
  /** What the comparison builds on instead of the first night. */
  previous: ChangesOptions["previous"] | undefined;

  constructor(rig: Rig, first: Manifest, second: Manifest) {
    this.rig = rig;
    this.first = first;
    this.second = second;
    const { connectionString } = storage;
    const name = rig.container.containerName;
    const nobody = { getToken: async () => null };
    this.container = openContainer(
      { kind: "local", connectionString },
      name,
      nobody,
      new AbortController().signal,
    );
  }

  get folder() {
    return folderOf(this.second.tenantId, this.second.runId);
  }

  async changes(
    more: { readonly signal?: AbortSignal; readonly leftMs?: number; readonly maxPartBytes?: number } = {},
  ): Promise<ChangesOutcome> {
    const { signal = new AbortController().signal, leftMs = 5 * MINUTE, maxPartBytes } = more;
    const { source, parts } = this.second;
    const run: Run = {
      container: this.container,
      folder: this.folder,
      startedAt: new Date(),
      startedMs: systemClock.elapsed(),
      clock: systemClock,
      signal,
      deadlineMs: systemClock.elapsed() + leftMs,
      maxPartBytes,
    };
    const { properties } = source;
    const previous = this.previous ?? { manifest: this.first, whyNone: null };
    await using comparison = new ChangesSincePrevious(run, { enabled: true, previous, properties });
    const outcome = await comparison.finish(parts);
    comparison.keep();
    return outcome;
  }

  /** Names of the parts of changes that are stored. */
  async stored(): Promise<string[]> {
    return (await this.rig.blobs()).filter((name) => name.includes("/changes-"));
  }

  /** Changes one byte of a blob. */
  async damage({ tenantId, runId }: Manifest, name: string): Promise<void> {
    const blob = this.rig.container.getBlockBlobClient(`${folderOf(tenantId, runId).path}/${name}`);
    const body = await blob.downloadToBuffer();
    body.writeUInt8(body.readUInt8(body.length >> 1) ^ 1, body.length >> 1);
    await blob.uploadData(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }
}

async function twoNights(between: (rig: Rig, ids: readonly string[]) => void): Promise<Nights> {
  const rig = await startRig(storage, { users: 1500 });
  const first = await rig.run({ settings: { ROLLCALL_CHANGES: "off" }, run: { maxPartBytes: 40_000 } });
  between(rig, [...rig.tenant.directory.ids()]);
  return new Nights(
    rig,
    first,
    await rig.run({ settings: { ROLLCALL_CHANGES: "off" }, run: { maxPartBytes: 40_000 } }),
  );
}

function entryOf(outcome: ChangesOutcome): ChangesEntry {
  assert.ok(outcome.changes, outcome.changesSkipped ?? "");
  assert.equal(outcome.changesSkipped, null);
  return outcome.changes;
}

function reasonOf(outcome: ChangesOutcome): string {
  assert.equal(outcome.changes, null);
  assert.ok(outcome.changesSkipped);
  return outcome.changesSkipped;
}

/** 300 changed, with values that hardly compress; 10 left and 3 joined. */
function changeSome({ tenant: { directory } }: Rig, ids: readonly string[]): void {
  for (const [nth, id] of ids.entries()) {
    if (nth % 5 === 0) directory.update(id, { department: randomBytes(500).toString("hex") });
    if (nth % 150 === 1) directory.remove(id);
  }
  for (let joiner = 0; joiner < 3; joiner++) directory.add();
}

describe("ChangesSincePrevious", () => {
  it("writes parts and says what they hold", async () => {
    await using nights = await twoNights(changeSome);
    const entry = entryOf(await nights.changes({ maxPartBytes: 5000 }));
    const { parts, ...said } = entry;
    assert.deepEqual(said, {
      against: nights.first.runId,
      joined: 3,
      left: 10,
      changed: 300,
      notCompared: [],
      comparedBy: "rows",
      fellBack: null,
    });
    assert.ok(parts.length > 1);
    assert.deepEqual(
      (await nights.stored()).map((name) => name.split("/").at(-1)),
      parts.map(({ name }) => name),
    );
    assert.equal(parts[1]?.name, "changes-00001.ndjson.gz");
    const changes: unknown[] = [];
    for await (const some of readChanges(nights.container, nights.folder, entry)) changes.push(...some);
    assert.equal(changes.length, 313);
    assert.deepEqual(await changeFindings(nights.container, nights.folder, entry), []);
  });

  it("writes no part where nothing changed", async () => {
    await using nights = await twoNights(() => undefined);
    const entry = entryOf(await nights.changes());
    assert.deepEqual(entry, {
      against: nights.first.runId,
      joined: 0,
      left: 0,
      changed: 0,
      notCompared: [],
      parts: [],
      comparedBy: "rows",
      fellBack: null,
    });
    assert.deepEqual(await nights.stored(), []);
    assert.deepEqual(await changeFindings(nights.container, nights.folder, entry), []);
  });

  it("says that it is the first run", async () => {
    await using nights = await twoNights(() => undefined);
    nights.previous = { manifest: undefined, whyNone: FIRST_RUN };
    const outcome = await nights.changes();
    assert.deepEqual(outcome.warnings, []);
    assert.equal(reasonOf(outcome), "first run");
  });

  it("says what is wrong with a predecessor that is damaged or missing", async () => {
    await using nights = await twoNights(changeSome);
    const { first, rig } = nights;
    const last = first.parts.at(-1)?.name ?? "";
    const start = `predecessor ${first.runId} fails verification: reading `;

    await nights.damage(first, last);
    const damaged = reasonOf(await nights.changes({ maxPartBytes: 5000 }));
    assert.ok(damaged.startsWith(start) && damaged.includes(`/${last}: its SHA-256`), damaged);

    const folder = folderOf(first.tenantId, first.runId).path;
    await rig.container.deleteBlob(`${folder}/${last}`);
    const missing = reasonOf(await nights.changes());
    assert.ok(missing.startsWith(start) && missing.includes(`/${last}: the blob is missing`), missing);
    assert.deepEqual(await nights.stored(), []);
  });

  it("takes back what it wrote when the comparison fails later on", async () => {
    await using nights = await twoNights(changeSome);
    // In the way of the second part of changes.
    const path = `${nights.folder.path}/changes-00001.ndjson.gz`;
    await nights.rig.container.getBlockBlobClient(path).uploadData(Buffer.from("not ours"));
    const reason = reasonOf(await nights.changes({ maxPartBytes: 5000 }));
    assert.match(
      reason,
      /^comparing with predecessor .* failed \(snapshot-exists\): writing .*changes-00001/,
    );
    assert.deepEqual(await nights.stored(), [path]);
  });

  it("does without when no time is left for both it and the commit", async () => {
    await using nights = await twoNights(changeSome);
    assert.match(reasonOf(await nights.changes({ leftMs: 5000 })), /^no time was left/);
    assert.match(reasonOf(await nights.changes({ leftMs: 20_001 })), /^the time budget was too short/);
    assert.deepEqual(await nights.stored(), []);
  });

  it("fails only where the new snapshot itself is not what was sent, and when the run is ended", async () => {
    await using nights = await twoNights(changeSome);
    const reason = new Error("enough");
    await assert.rejects(nights.changes({ signal: AbortSignal.abort(reason) }), reason);
    await nights.damage(nights.second, "users-00001.ndjson.gz");
    await assert.rejects(nights.changes(), (error) => {
      assert.ok(error instanceof RollcallError);
      assert.equal(error.code, "snapshot-damaged");
      assert.match(error.doing, /users-00001/);
      return true;
    });
    assert.deepEqual(await nights.stored(), []);
  });
});

describe("changeFindings", () => {
  it("tells damaged parts and wrong counts", async () => {
    await using nights = await twoNights(changeSome);
    const entry = entryOf(await nights.changes());
    const found = (changes: ChangesEntry) => changeFindings(nights.container, nights.folder, changes);
    assert.deepEqual(await found({ ...entry, joined: 4 }), [
      {
        blob: `${nights.folder.path}/changes-00000.ndjson.gz`,
        problem: "the manifest says 4 joined; the changes have 3",
      },
    ]);
    const [renamed] = await found({
      ...entry,
      parts: entry.parts.map((part) => ({ ...part, name: "users-00000.ndjson.gz" })),
    });
    assert.match(renamed?.problem ?? "", /names the parts of the changes wrongly/);
    await nights.damage(nights.second, "changes-00000.ndjson.gz");
    const [damaged] = await found(entry);
    assert.equal(damaged?.blob, `${nights.folder.path}/changes-00000.ndjson.gz`);
    assert.match(damaged?.problem ?? "", /SHA-256/);
  });
});
