// src/archive/prune.ts and prune-plan.ts, through `rollcall prune` and the storage.
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { prune as pruneBy } from "../../src/archive/prune.ts";
import { DAY } from "../../src/clock.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import {
  folderOf,
  lockPath,
  partName,
  prunedManifestPath,
  signaturePath,
} from "../../src/snapshot/layout.ts";
import { type Manifest, toBytes } from "../../src/snapshot/manifest.ts";
import { failureOf, jsonOf, rollcall, rollcallHere } from "../cli/rollcall-process.ts";
import {
  type Blobs,
  NIGHTLY_TENANT,
  openNightly,
  pathOf,
  pointLatestAt,
  throughGate,
  uploadBlobs,
} from "../support/nightly-manifests.ts";
import {
  blobsOf,
  clientOf,
  doomedOf,
  type Findings,
  LATEST,
  NIGHTS,
  namesIn,
  night,
  nights,
  planLater,
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

describe("rollcall prune", () => {
  it("shows what it would delete, and why the rest stays, without writing anything", async () => {
    const { name, environment } = await nights(storage, NIGHTS);
    await using gate = await startStorageGate(storage, await sharedTls());
    const through = { ...environment, ROLLCALL_STORAGE: throughGate(storage, gate.url) };
    const rules = ["--keep-daily", "3", "--keep-weekly", "2", "--keep-monthly", "2", "--keep-yearly", "2"];
    const { exitCode, stdout, stderr } = await rollcallHere(["prune", ...rules], through);
    assert.deepEqual([exitCode, stderr], [0, ""]);
    assert.deepEqual(gate.writes, []);
    const lines = stdout.trimEnd().split("\n");
    assert.match(lines[1] ?? "", /^20260201T020000Z {2}snapshot .* daily, weekly, monthly, yearly, latest$/);
    assert.match(lines[2] ?? "", /^20260131T020000Z {2}snapshot .* daily, monthly$/);
    assert.match(lines[8] ?? "", /^20260125T020000Z {2}snapshot .* weekly$/);
    assert.match(lines[9] ?? "", /^20260124T020000Z {2}snapshot .* nothing: to be deleted$/);
    assert.equal(lines.filter((line) => /nothing: to be deleted$/.test(line)).length, 65);
    assert.match(lines.at(-1) ?? "", /^Nothing was deleted\. With --yes: 65 snapshots, \d+\.\d kB\.$/);
    assert.match(stdout, /the manifest stays as manifest\.pruned\.json/);
    assert.ok(
      lines.every((line) => line.length <= 80),
      stdout,
    );
    assert.equal((await openNightly(name, storage.connectionString).snapshots.runs()).length, 70);
  });

  it("deletes with --yes: of a pruned run, its manifest is left, byte for byte, and its signature", async () => {
    const [oldest] = NIGHTS.slice(-10);
    assert.ok(oldest);
    const place = await nights(storage, undefined, (blobs) =>
      blobs.set(signaturePath(folderOf(NIGHTLY_TENANT, oldest.runId)), Buffer.from("a..b")),
    );
    const { exitCode, stdout } = await prune(place, "--keep-last", "4", "--yes");
    assert.equal(exitCode, 0);
    assert.match(stdout, /\nDeleted: 6 snapshots, \d+\.\d kB\.\n$/);
    const names = await namesIn(storage, place);
    assert.deepEqual(blobsOf(oldest, names), ["manifest.jws", "manifest.pruned.json"]);
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, oldest.runId));
    assert.ok(
      (await clientOf(storage, place).getBlobClient(left).downloadToBuffer()).equals(toBytes(oldest)),
    );
    for (const pruned of NIGHTS.slice(-9, -4))
      assert.deepEqual(blobsOf(pruned, names), ["manifest.pruned.json"]);
    for (const kept of NIGHTS.slice(-4)) {
      assert.deepEqual(blobsOf(kept, names), [
        "fingerprints-00000.bin",
        "manifest.json",
        "users-00000.ndjson.gz",
      ]);
    }
    assert.deepEqual(
      await place.snapshots.runs(),
      NIGHTS.slice(-4)
        .map(({ runId }) => runId)
        .reverse(),
    );
    assert.ok(names.includes(LATEST));
    assert.deepEqual(await namesIn(storage, place), names);
    assert.match(
      (await prune(place, "--keep-last", "4", "--yes")).stdout,
      /\nDeleted: 0 snapshots, 0 B\.\n$/,
    );
    assert.deepEqual(await namesIn(storage, place), names);
  });

  it("tells that a run was pruned to whoever asks for it", async () => {
    const place = await nights(storage);
    await pruneJson(place, "--keep-last", "4", "--yes");
    const { exitCode, stderr } = await rollcallHere(["show", night(-10).runId], place.environment);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rollcall: snapshot-not-found\n[\s\S]*was pruned; only its\s+manifest is left/);
  });

  it("wants a rule, and numbers that are some", async () => {
    const place = await nights(storage, NIGHTS.slice(-2));
    const before = await namesIn(storage, place);
    for (const args of [
      [],
      ["--keep-last", "0"],
      ["--keep-daily", "x"],
      ["--keep-weekly", "-1"],
      ["--keep-yearly"],
    ]) {
      assert.equal((await prune(place, "--yes", ...args)).exitCode, 2, args.join(" "));
    }
    assert.deepEqual(await namesIn(storage, place), before);
  });

  it("takes the rules of ROLLCALL_KEEP where none is given, and refuses wrong ones", async () => {
    const { environment } = await nights(storage);
    const doomed = async (keep: string, ...args: readonly string[]) => {
      const outcome = await rollcallHere(["prune", "--json", ...args], {
        ...environment,
        ROLLCALL_KEEP: keep,
      });
      return doomedOf(jsonOf(outcome) as Findings).length;
    };
    assert.equal(await doomed("last=3"), 7);
    assert.equal(await doomed("last=3", "--keep-last", "9"), 1);
    const wrong = await rollcallHere(["prune", "--yes"], { ...environment, ROLLCALL_KEEP: "last=0" });
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /ROLLCALL_KEEP must give last a whole number/);
  });

  it("finds nothing in a container that is empty, or not there", async () => {
    const empty = await uploadBlobs(storage, new Map());
    for (const args of [[], ["--yes"]]) {
      const { exitCode, stdout } = await prune(empty, "--keep-last", "1", ...args);
      assert.equal(exitCode, 0);
      assert.match(stdout, /^There is nothing of tenant /);
    }
    await clientOf(storage, empty).delete();
    assert.deepEqual(await pruneJson(empty, "--keep-last", "1", "--yes"), { folders: [], deleted: null });
    assert.equal(await clientOf(storage, empty).exists(), false);
  });

  it("waits for the lock before it deletes, and gives up if it is taken", async () => {
    const place = await nights(storage);
    const before = await namesIn(storage, place);
    const lock = clientOf(storage, place).getBlockBlobClient(lockPath(NIGHTLY_TENANT));
    await lock.upload("", 0);
    await lock.getBlobLeaseClient().acquireLease(-1);
    const { exitCode, stderr } = await prune(place, "--keep-last", "1", "--yes");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rollcall: lock-held\n/);
    assert.deepEqual(await namesIn(storage, place), before);
    assert.equal((await prune(place, "--keep-last", "1")).exitCode, 0);
  });
});

describe("a prune never deletes", () => {
  it("the run that latest.json points at, nor the newest", async () => {
    const place = await nights(storage, undefined, (blobs) => pointLatestAt(blobs, night(-7)));
    assert.deepEqual(doomedOf(await pruneJson(place, "--keep-last", "1", "--yes")).length, 8);
    assert.deepEqual(await place.snapshots.runs(), [night(-1).runId, night(-7).runId]);
  });

  it("damaged runs, and counts on none of them", async () => {
    const [cut, partless] = [night(-1), night(-3)];
    const place = await nights(storage, undefined, (blobs) => {
      blobs.set(pathOf(cut), Buffer.from("{ half a manif"));
      blobs.delete(`${folderOf(NIGHTLY_TENANT, partless.runId).path}/${partName(0)}`);
      blobs.set(LATEST, Buffer.from("{"));
    });
    const { folders } = await pruneJson(place, "--keep-last", "2", "--yes");
    const kept = folders.filter(({ keptBy }) => keptBy.length > 0);
    assert.deepEqual(
      kept.map(({ runId, keptBy }) => [runId, ...keptBy]),
      [
        [cut.runId, "cannot be read"],
        [night(-2).runId, "last", "newest"],
        [partless.runId, "damaged"],
        [night(-4).runId, "last"],
      ],
    );
    assert.equal((await place.snapshots.runs()).length, 4);
  });

  it("a run that is dated in the future, and counts on none of them", async () => {
    const future = { ...night(-1), runId: "20990101T020000Z" };
    const place = await nights(storage, [...NIGHTS.slice(-9), future], (blobs) =>
      pointLatestAt(blobs, night(-1)),
    );
    const { folders } = await pruneJson(place, "--keep-yearly", "1");
    assert.deepEqual(folders[0]?.keptBy, ["misdated"]);
    assert.deepEqual(folders[1]?.keptBy, ["yearly", "latest"]);
  });

  it("anything of what a later Rollcall wrote", async () => {
    const later = { ...night(-5), schema: "rollcall.snapshot/9" };
    const place = await nights(storage, undefined, (blobs) =>
      blobs.set(pathOf(night(-5)), Buffer.from(JSON.stringify(later))),
    );
    const { folders } = await pruneJson(place, "--keep-last", "1", "--yes");
    assert.deepEqual(folders.find(({ runId }) => runId === later.runId)?.keptBy, ["cannot be read"]);
    assert.deepEqual(await place.snapshots.runs(), [night(-1).runId, later.runId]);
    const other = await nights(storage, undefined, (blobs) => {
      const latest = blobs.get(LATEST)?.toString() ?? "";
      blobs.set(LATEST, Buffer.from(latest.replace("rollcall.latest/1", "rollcall.latest/9")));
    });
    const outcome = await prune(other, "--keep-last", "1", "--yes", "--json");
    assert.deepEqual([outcome.exitCode, failureOf(outcome).code], [1, "manifest-unsupported"]);
    assert.equal((await other.snapshots.runs()).length, 10);
  });

  it("the last snapshot where nothing is whole", async () => {
    const manifests = NIGHTS.slice(-3);
    const place = await nights(storage, manifests, (blobs) => {
      for (const manifest of manifests) blobs.set(pathOf(manifest), Buffer.from("{"));
    });
    assert.deepEqual(doomedOf(await pruneJson(place, "--keep-last", "1", "--yes")), []);
  });

  it("what another tenant has, or lies beside the runs", async () => {
    const other = "5a4b0f1e-1111-4222-8333-0000000000ff";
    const beside = [
      `tenant=${other}/date=2026-01-01/run=20260101T020000Z/manifest.json`,
      `tenant=${NIGHTLY_TENANT}/date=2026-01-02/run=20260101T020000Z/users-00000.ndjson.gz`,
      `tenant=${NIGHTLY_TENANT}/date=2026-01-02/notes.txt`,
      `tenant=${NIGHTLY_TENANT}/notes.txt`,
    ];
    const place = await nights(storage, undefined, (blobs) => {
      for (const path of beside) blobs.set(path, Buffer.from("x"));
    });
    await pruneJson(place, "--keep-last", "1", "--yes");
    const names = await namesIn(storage, place);
    for (const path of beside) assert.ok(names.includes(path), path);
  });
});

describe("a prune deletes only what Rollcall wrote", () => {
  it("and leaves what somebody put into the folder of a run", async () => {
    const [old, failed] = [night(-5), { runId: "20260115T143000Z" }];
    const inFolder = ({ runId }: Pick<Manifest, "runId">, name: string) =>
      `${folderOf(NIGHTLY_TENANT, runId).path}/${name}`;
    const names = ["notes.txt", "users-of-concern.csv", "manifest.json.bak"];
    const place = await nights(storage, undefined, (blobs) => {
      for (const name of names) {
        for (const run of [old, failed]) blobs.set(inFolder(run, name), Buffer.from("x"));
      }
      blobs.set(inFolder(old, "report.html"), Buffer.from("x"));
      blobs.set(inFolder(failed, partName(0)), Buffer.from("x"));
    });
    await pruneBy(place.container, await planLater(place, 2));
    const left = await namesIn(storage, place);
    assert.deepEqual(blobsOf(old, left), [...names, "manifest.pruned.json"].sort());
    assert.deepEqual(blobsOf(failed, left), [...names].sort());
    const again = await planLater(place, 2);
    assert.deepEqual(
      again.map(({ folder }) => folder.runId),
      [night(-1).runId],
    );
  });
});

describe("what a failed run left", () => {
  const failed = { runId: "20260115T143000Z" };
  const { path } = folderOf(NIGHTLY_TENANT, failed.runId);
  const withFailed = (blobs: Blobs) => {
    for (const name of [partName(0), "manifest.jws"]) blobs.set(`${path}/${name}`, Buffer.alloc(10));
  };

  it("stays while it is younger than a day", async () => {
    const place = await nights(storage, undefined, withFailed);
    const { folders } = await pruneJson(place, "--keep-last", "99", "--yes");
    assert.deepEqual(folders.at(-1), {
      runId: failed.runId,
      kind: "failed",
      bytes: 20,
      keptBy: ["younger than a day"],
    });
    assert.equal(blobsOf(failed, await namesIn(storage, place)).length, 2);
  });

  it("stays then, too, if it is this machine's clock that is days ahead", async () => {
    const place = await nights(storage, undefined, withFailed);
    const ahead = `const now = Date.now; Date.now = () => now() + ${2 * DAY};`;
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-prune-"));
    const authority = join(folder.path, "authority.pem");
    await writeFile(authority, (await sharedTls()).authority);
    const environment = {
      ...place.environment,
      NODE_EXTRA_CA_CERTS: authority,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ahead)}`,
    };
    const outcome = await rollcall(["prune", "--keep-last", "99", "--yes", "--json"], environment);
    assert.deepEqual((jsonOf(outcome) as Findings).deleted?.failed, 0);
    assert.equal(blobsOf(failed, await namesIn(storage, place)).length, 2);
  });

  it("is deleted then, all of it", async () => {
    const place = await nights(storage, undefined, withFailed);
    const plan = await planLater(place, 2);
    const found = plan.filter(({ folder }) => folder.runId === failed.runId);
    assert.deepEqual([found[0]?.kind, found[0]?.keptBy, found[0]?.blobs.length], ["failed", [], 2]);
    const before = await namesIn(storage, place);
    assert.deepEqual(await pruneBy(place.container, found), {
      snapshots: 0,
      failed: 1,
      bytes: 20,
      refused: [],
    });
    assert.deepEqual(
      await namesIn(storage, place),
      before.filter((name) => !name.startsWith(`${path}/`)),
    );
  });

  it("stays if a run built on it: then its manifest was removed, and may be put back", async () => {
    const [victim, heir] = [night(-5), night(-4)];
    const place = await nights(storage, undefined, (blobs) => blobs.delete(pathOf(victim)));
    const reasonsOf = async () =>
      (await planLater(place, 2)).find(({ folder }) => folder.runId === victim.runId)?.keptBy;
    assert.deepEqual(await reasonsOf(), [`run ${heir.runId} built on it`]);
    await pruneJson(place, "--keep-last", "1", "--yes");
    assert.deepEqual(blobsOf(heir, await namesIn(storage, place)), ["manifest.pruned.json"]);
    assert.deepEqual(await reasonsOf(), [`run ${heir.runId} built on it`]);
  });

  it("stays if latest.json points at it", async () => {
    const place = await nights(storage, undefined, (blobs) => blobs.delete(pathOf(night(-1))));
    const [found] = await planLater(place, 2);
    assert.deepEqual([found?.kind, found?.keptBy], ["failed", ["latest.json"]]);
  });
});
