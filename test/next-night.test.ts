// src/archive (what a run builds on) is tested through runs: here, and in killed.test.ts.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { Snapshots } from "../src/archive/snapshots.ts";
import { DAY, MINUTE } from "../src/clock.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { allParts } from "../src/snapshot/format-parts.ts";
import { folderOf, latestPath, manifestPath, runFolder } from "../src/snapshot/layout.ts";
import type { Latest, Manifest } from "../src/snapshot/manifest.ts";
import { readingSide } from "./support/aftermath.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { startStorageGate } from "./support/storage-gate.ts";
import { TestClock } from "./support/test-clock.ts";

const PATIENT = { timeout: 5 * MINUTE };
const USERS = 100;

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");

function snapshotsOf(rig: Rig, signal = new AbortController().signal): Snapshots {
  return new Snapshots(readingSide(rig, storage).withSignal(signal), rig.tenant.tenantId, signal);
}

function manifestOf({ tenantId, runId }: Manifest): string {
  return manifestPath(folderOf(tenantId, runId));
}

/** Takes more than the guard allows out of the directory; gives what puts as many back. */
function removeMost({ tenant: { directory } }: Rig): () => void {
  const doomed = [...directory.ids()].slice(0, directory.size * 0.6);
  for (const id of doomed) directory.remove(id);
  return () => {
    for (const _ of doomed) directory.add();
  };
}

/** Asserts that the guard is on whatever has become of the blobs, and that the next night goes on all the same. */
async function guardHoldsAndNextCommits(rig: Rig, expected: RegExp): Promise<Manifest> {
  const putBack = removeMost(rig);
  await rig.fails("listing-shrunk");
  putBack();
  const { manifest, warnings } = await rig.take();
  assert.match(warnings.join("\n"), expected);
  assert.deepEqual(warnings, manifest.warnings);
  assert.equal((await assertLatest(rig)).runId, manifest.runId);
  await assertChainHolds(rig);
  // And the night after that has nothing to say.
  const { warnings: quiet } = await rig.take();
  assert.deepEqual(quiet, []);
  return manifest;
}

/** Whatever a run had to skip, its warnings say so, and the chain goes around it. */
async function assertChainHolds(rig: Rig): Promise<void> {
  assert.deepEqual((await snapshotsOf(rig).verifyChain()).problems, []);
}

async function assertLatest(rig: Rig): Promise<Latest> {
  const latest = (await rig.json(latestPath(rig.tenant.tenantId))) as Latest;
  const { problems } = await snapshotsOf(rig).verify();
  assert.deepEqual(problems, []);
  return latest;
}

/** Copies a run as a later or earlier one, with all that vouches for it. */
async function copyRun(rig: Rig, run: Manifest, startedMs: number): Promise<Manifest> {
  const from = folderOf(run.tenantId, run.runId);
  const to = runFolder(run.tenantId, new Date(startedMs));
  for (const { name } of allParts(run)) {
    const part = rig.container.getBlobClient(`${from.path}/${name}`);
    await rig.put(`${to.path}/${name}`, await part.downloadToBuffer());
  }
  const copy: Manifest = { ...run, runId: to.runId, changes: null, changesSkipped: "copied" };
  await rig.put(manifestPath(to), JSON.stringify(copy));
  return copy;
}

async function pointLatestAt(rig: Rig, run: Manifest): Promise<void> {
  const text = await rig.text(manifestOf(run));
  await rig.put(
    latestPath(run.tenantId),
    JSON.stringify({
      schema: "rollcall.latest/1",
      runId: run.runId,
      manifest: manifestOf(run),
      sha256: sha256(text),
      users: run.completeness.unique,
      finishedAt: run.finishedAt,
    }),
  );
}

describe("a latest.json of no use stops no run, leaves the guard on and is repaired", () => {
  const edited = (change: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...change });
  const kinds: Readonly<Record<string, (text: string) => string>> = {
    empty: () => "",
    truncated: (text) => text.slice(0, 100),
    "not JSON": () => "<html>",
    "JSON of nothing": () => "null",
    binary: () => "\u0000\u0001\u0002",
    "of another schema": edited({ schema: "somebody.else/2" }),
    "of schema 0": edited({ schema: "rollcall.latest/0" }),
    "with an empty path": edited({ manifest: "" }),
    "with a path that climbs": edited({ manifest: "../../x" }),
    "with NUL in its path": edited({ manifest: "tenant=\u0000/%00" }),
    "with a run of no name": edited({ runId: "../x" }),
    "with a run of no date": edited({ runId: "99999999T999999Z" }),
    "with a wrong hash": edited({ sha256: "0".repeat(64) }),
    "that names no users": edited({ users: 0 }),
    "that points nowhere": edited({ runId: "20200101T000000Z" }),
    "that points nowhere, in the future": edited({ runId: "29990101T000000Z" }),
    "too large": (text) => text + " ".repeat(70_000),
  };
  for (const [kind, spoil] of Object.entries(kinds)) {
    it(kind, PATIENT, async () => {
      await using rig = await startRig(storage, { users: USERS });
      const { runId } = await rig.run();
      const path = latestPath(rig.tenant.tenantId);
      await rig.put(path, spoil(await rig.text(path)));
      const next = await guardHoldsAndNextCommits(rig, /^latest-repaired: latest\.json /m);
      assert.equal(next.previous?.runId, runId);
      assert.equal(next.changes?.against, runId);
    });
  }

  it("deleted", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run();
    await rig.container.deleteBlob(latestPath(rig.tenant.tenantId));
    await guardHoldsAndNextCommits(rig, /^latest-repaired: .*missing/m);
  });

  it("in the archive tier, which not even a run can replace: it says so, and goes on", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const { runId } = await rig.run();
    const blob = rig.container.getBlobClient(latestPath(rig.tenant.tenantId));
    await blob.setAccessTier("Archive");
    const putBack = removeMost(rig);
    await assert.rejects(rig.take(), { code: "listing-shrunk" });
    putBack();
    const { manifest, warnings } = await rig.take();
    assert.equal(manifest.previous?.runId, runId);
    assert.match(warnings.join("\n"), /^latest-repaired: .* in the archive tier/m);
    assert.match(warnings.join("\n"), /^latest-not-moved: .* the storage refuses to replace it/m);
    await assert.rejects(snapshotsOf(rig).open(), {
      code: "snapshot-damaged",
      problem: /archive tier/,
    });
    await blob.delete();
    const next = await rig.run();
    assert.equal(next.previous?.runId, manifest.runId);
    await assertLatest(rig);
  });

  it("that points at an older run, as after a run that was killed behind its manifest", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run();
    const path = latestPath(rig.tenant.tenantId);
    const older = await rig.text(path);
    const { runId } = await rig.run();
    await rig.put(path, older);
    const next = await guardHoldsAndNextCommits(rig, /^latest-repaired: .* is newer$/m);
    assert.equal(next.previous?.runId, runId);
  });

  it("but of a later Rollcall refuses the run", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run();
    const path = latestPath(rig.tenant.tenantId);
    await rig.put(path, edited({ schema: "rollcall.latest/2" })(await rig.text(path)));
    const error = await rig.fails("manifest-unsupported");
    assert.match(error.remedy, /Run that version\. .*move it away/);
    await rig.container.deleteBlob(path);
    await rig.run();
  });
});

describe("a newest snapshot that is damaged is skipped for the one before, guard and changes included", () => {
  const kinds: Readonly<Record<string, (text: string) => string | Buffer>> = {
    "whose manifest is empty": () => "",
    "whose manifest is cut": (text) => text.slice(0, 300),
    "whose manifest is no object": () => "[[[[]]]]",
    "whose manifest is of another schema": (text) => text.replace("rollcall.snapshot/2", "somebody.else/3"),
    "whose manifest is another tenant's": (text) =>
      text.replace(/"tenantId": "[^"]+"/, '"tenantId": "11111111-2222-4333-8444-555555555555"'),
    "whose manifest is another run's": (text) =>
      text.replace(/"runId": "[^"]+"/, '"runId": "20200101T000000Z"'),
    "whose manifest contradicts itself": (text) => text.replace('"unique": 100', '"unique": 99'),
    "whose manifest says more users than fit": (text) => text.replaceAll(/\b100,/g, "9000000000,"),
    "whose manifest says that there are no users": (text) =>
      text
        .replace(/"(listed|unique|counted|countedAfter)": 100/g, '"$1": 0')
        .replace('"users": 100,\n      "bytes"', '"users": 0,\n      "bytes"'),
    "whose manifest is too large": (text) => Buffer.concat([Buffer.from(text), Buffer.alloc(2 ** 24, 0x20)]),
  };
  for (const [kind, spoil] of Object.entries(kinds)) {
    it(kind, PATIENT, async () => {
      await using rig = await startRig(storage, { users: USERS });
      const older = await rig.run();
      const damaged = await rig.run();
      await rig.put(manifestOf(damaged), spoil(await rig.text(manifestOf(damaged))));
      const next = await guardHoldsAndNextCommits(rig, /^predecessor-damaged: run \w+ is damaged/m);
      assert.equal(next.previous?.runId, older.runId);
      assert.equal(next.changes?.against, older.runId);
      assert.match(next.warnings.join("\n"), /^latest-repaired: .*, which is damaged$/m);
    });
  }

  it("whose part is missing, or of another length", async () => {
    await using rig = await startRig(storage, { users: USERS });
    const older = await rig.run();
    const part = (run: Manifest) => `${folderOf(run.tenantId, run.runId).path}/users-00000.ndjson.gz`;
    await rig.container.deleteBlob(part(await rig.run()));
    const next = await guardHoldsAndNextCommits(rig, /^predecessor-damaged: .*the blob is missing/m);
    assert.equal(next.previous?.runId, older.runId);
    await rig.put(part(await rig.run()), "short");
    await guardHoldsAndNextCommits(rig, /^predecessor-damaged: .*the blob has 5 bytes/m);
  });

  it("that somebody has sent to the archive tier", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const older = await rig.run();
    const archived = await rig.run();
    await rig.container.getBlobClient(manifestOf(archived)).setAccessTier("Archive");
    const next = await guardHoldsAndNextCommits(rig, /^predecessor-damaged: .* in the archive tier/m);
    assert.equal(next.previous?.runId, older.runId);
  });

  it("several nights in a row", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const older = await rig.run();
    const damaged: Manifest[] = [];
    for (let nights = 0; nights < 6; nights++) damaged.push(await rig.run());
    for (const run of damaged) await rig.put(manifestOf(run), "{");
    const next = await guardHoldsAndNextCommits(rig, /^predecessor-damaged: /m);
    assert.equal(next.previous?.runId, older.runId);
    assert.equal(next.warnings.filter((text) => text.startsWith("predecessor-damaged: ")).length, 6);
  });

  it("and where none is whole, the guard has the last count that anything tells of", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const only = await rig.run();
    const path = latestPath(rig.tenant.tenantId);
    await rig.container.deleteBlob(`${folderOf(only.tenantId, only.runId).path}/users-00000.ndjson.gz`);
    await rig.container.deleteBlob(path);
    const putBack = removeMost(rig);
    await rig.fails("listing-shrunk");
    await pointLatestAt(rig, only);
    await rig.put(manifestOf(only), "");
    await rig.fails("listing-shrunk");
    putBack();
    const { manifest } = await rig.take();
    assert.equal(manifest.previous, null);
    assert.match(manifest.warnings.join("\n"), /^changes-skipped: no earlier snapshot is whole/m);
    await assertLatest(rig);
    await assertChainHolds(rig);
  });

  it("but one of a later Rollcall refuses the run", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run();
    await rig.put(manifestOf(await rig.run()), '{"schema":"rollcall.snapshot/3"}');
    const error = await rig.fails("manifest-unsupported");
    assert.match(error.remedy, /Run that version\. .*move its folder away/);
  });
});

describe("a run of the future", () => {
  it("never blocks, is told of, and lets latest.json move and leavers be told once", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const first = await rig.run();
    const future = await copyRun(rig, first, Date.now() + 90 * DAY);
    await copyRun(rig, first, Date.now() + 91 * DAY);
    await pointLatestAt(rig, future);
    const [leaver = ""] = rig.tenant.directory.ids();
    rig.tenant.directory.remove(leaver);
    const left: (number | undefined)[] = [];
    let last = first;
    for (let night = 0; night < 3; night++) {
      const { manifest, warnings } = await rig.take();
      assert.match(
        warnings.join("\n"),
        /^run-in-future: run \w+ was written at .*; it was skipped, and so was run \w+$/m,
      );
      assert.equal(/^latest-repaired: .*misdated$/m.test(warnings.join("\n")), night === 0);
      assert.equal((await assertLatest(rig)).runId, manifest.runId);
      assert.equal(manifest.previous?.runId, last.runId);
      left.push(manifest.changes?.left);
      last = manifest;
    }
    assert.deepEqual(left, [1, 0, 0]);
    await assertChainHolds(rig);
    removeMost(rig);
    await rig.fails("listing-shrunk");
  });

  it("that is the only one leaves the guard on", async () => {
    await using rig = await startRig(storage, { users: USERS });
    const first = await rig.run();
    await copyRun(rig, first, Date.now() + 90 * DAY);
    for (const name of await rig.blobs()) {
      if (name.includes(first.runId) || name.endsWith("latest.json")) await rig.container.deleteBlob(name);
    }
    const putBack = removeMost(rig);
    await rig.fails("listing-shrunk");
    putBack();
    assert.equal((await rig.run()).previous, null);
  });

  it("is not made: a clock that is wrong by more than five minutes is refused, and nothing is written", async () => {
    await using rig = await startRig(storage, { users: USERS });
    for (const wrongMs of [6 * MINUTE, 90 * DAY, -6 * MINUTE, -400 * DAY]) {
      const error = await rig.fails("clock-wrong", { run: { clock: new TestClock(Date.now() + wrongMs) } });
      assert.match(error.message, wrongMs > 0 ? /minutes ahead/ : /minutes behind/);
      assert.deepEqual(await rig.blobs(), []);
    }
    await rig.run({ run: { clock: new TestClock(Date.now() + 4 * MINUTE) } });
  });
});

describe("a run that cannot move latest.json", () => {
  it("because a later one is there, says so", async () => {
    await using rig = await startRig(storage, { users: USERS });
    const first = await rig.run();
    let later: Manifest | undefined;
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 1,
      fault: {
        kind: "before",
        run: async () => {
          later = await copyRun(rig, first, Date.now() + MINUTE);
          await pointLatestAt(rig, later);
        },
      },
    });
    const { manifest, warnings } = await rig.take();
    const told = new RegExp(`^latest-not-moved: run ${manifest.runId} .* points at run ${later?.runId}`);
    assert.match(warnings.at(-1) ?? "", told);
    assert.deepEqual(manifest.warnings, []);
    assert.equal((await assertLatest(rig)).runId, later?.runId);
  });
});

describe("a latest.json that somebody holds a lease on", () => {
  it("stays, is told of as such, and moves when the lease is broken", async () => {
    await using rig = await startRig(storage, { users: USERS });
    const first = await rig.run();
    const lease = rig.container.getBlobClient(latestPath(rig.tenant.tenantId)).getBlobLeaseClient();
    await lease.acquireLease(-1);
    const { manifest, warnings } = await rig.take();
    assert.match(warnings.join("\n"), /^latest-not-moved: .* refuses to replace it; break its lease/m);
    assert.equal((await assertLatest(rig)).runId, first.runId);
    await lease.breakLease(0);
    const next = await rig.take();
    assert.equal(next.manifest.previous?.runId, manifest.runId);
    assert.match(next.warnings.join("\n"), /^latest-repaired: .* is newer$/m);
    assert.equal((await assertLatest(rig)).runId, next.manifest.runId);
  });
});

describe("a year of runs", () => {
  it("costs no more requests than one", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const first = await rig.run();
    for (let day = 1; day <= 400; day += 20) {
      const days = Array.from({ length: 20 }, (_, at) => day + at);
      const folders = days.map((ago) => runFolder(first.tenantId, new Date(Date.now() - ago * DAY)));
      await Promise.all(folders.map((folder) => rig.put(manifestPath(folder), "{}")));
    }
    await using gate = await startStorageGate(storage, rig.tenant.tls);
    const { previous } = await rig.run({ settings: { ROLLCALL_STORAGE: gate.url } });
    assert.equal(previous?.runId, first.runId);
    assert.ok(gate.requests.length < 40, gate.requests.join("\n"));
  });
});

describe("a previous part that unpacks to a gigabyte of nothing", () => {
  it("costs the changes, not the run; readers stop at it in flat memory", PATIENT, async () => {
    await using rig = await startRig(storage, { users: USERS });
    const first = await rig.run();
    const bomb = gzipSync(Buffer.alloc(2 ** 30), { level: 9 });
    const entry = {
      ...first.parts[0],
      name: "users-00000.ndjson.gz",
      users: USERS,
      bytes: bomb.length,
      sha256: sha256(bomb),
    };
    const poisoned = { ...first, parts: [entry], fingerprints: undefined };
    await rig.put(`${folderOf(first.tenantId, first.runId).path}/${entry.name}`, bomb);
    await rig.put(manifestOf(first), JSON.stringify(poisoned));
    await pointLatestAt(rig, first);

    const snapshots = snapshotsOf(rig);
    const before = process.memoryUsage().rss;
    const verification = await snapshots.verify();
    assert.match(verification.problems[0]?.problem ?? "", /one of its lines is longer than 4194304 bytes/);
    const snapshot = await snapshots.open();
    await assert.rejects(Array.fromAsync(snapshot.lineBatches()), { code: "snapshot-damaged" });
    const grown = process.memoryUsage().rss - before;
    assert.ok(grown < 100 * 2 ** 20, `${grown} bytes more`);

    const { manifest, warnings } = await rig.take();
    assert.equal(manifest.previous?.runId, first.runId);
    assert.match(warnings.join("\n"), /^changes-skipped: predecessor .* one of its lines is longer/m);
  });

  it("is left at once when the reader is told to stop", async () => {
    await using rig = await startRig(storage, { users: USERS });
    await rig.run();
    const stop = new AbortController();
    const snapshot = await snapshotsOf(rig, stop.signal).open();
    const reason = new Error("enough");
    const lines = snapshot.lineBatches();
    stop.abort(reason);
    await assert.rejects(lines.next(), reason);
  });
});

describe("a hundred dates of killed runs", () => {
  it("do not hide the whole snapshot behind them at which latest.json points", async () => {
    await using rig = await startRig(storage, { users: 300 });
    const last = await rig.run();
    // As if it had been taken long ago: everything that is newer was killed before its manifest.
    for (let day = 1; day <= 101; day++) {
      const date = new Date(Date.now() - day * DAY).toISOString().slice(0, 10);
      const run = `${date.replaceAll("-", "")}T020000Z`;
      const path = `tenant=${rig.tenant.tenantId}/date=${date}/run=${run}/users-00000.ndjson.gz`;
      if (run < last.runId) await rig.container.getBlockBlobClient(path).upload("", 0);
    }
    const old = new Date(Date.now() - 200 * DAY).toISOString().slice(0, 10);
    await moveRun(rig, last, `${old.replaceAll("-", "")}T020000Z`, old);
    const next = await rig.run();
    assert.equal(next.previous?.users, 300);
    assert.deepEqual(next.warnings, []);
  });
});

/** Gives a committed run another date, in its folder, its manifest and latest.json. */
async function moveRun(rig: Rig, { runId, tenantId }: Manifest, to: string, date: string): Promise<void> {
  const target = `tenant=${tenantId}/date=${date}/run=${to}`;
  let manifest: Buffer = Buffer.alloc(0);
  for (const name of (await rig.blobs()).filter((blob) => blob.includes(`run=${runId}/`))) {
    const body = await rig.container.getBlobClient(name).downloadToBuffer();
    const isManifest = name.endsWith("/manifest.json");
    const moved = isManifest ? Buffer.from(body.toString().replaceAll(runId, to)) : body;
    if (isManifest) manifest = moved;
    const path = `${target}${name.slice(name.lastIndexOf("/"))}`;
    await rig.container.getBlockBlobClient(path).upload(moved, moved.length);
    await rig.container.deleteBlob(name);
  }
  const path = `tenant=${tenantId}/latest.json`;
  const latest = {
    ...JSON.parse(await rig.text(path)),
    runId: to,
    manifest: `${target}/manifest.json`,
    sha256: sha256(manifest),
  };
  const text = JSON.stringify(latest);
  await rig.container.getBlockBlobClient(path).upload(text, text.length);
}
