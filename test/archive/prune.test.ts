// src/archive/prune.ts and prune-plan.ts, through `rollcall prune` and the storage.
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type PlannedFolder, planPrune, prune as pruneBy } from "../../src/archive/prune.ts";
import { readManifests } from "../../src/archive/run-manifest.ts";
import { DAY } from "../../src/clock.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import {
  folderOf,
  latestPath,
  lockPath,
  partName,
  prunedManifestPath,
  signaturePath,
} from "../../src/snapshot/layout.ts";
import { type Manifest, toBytes } from "../../src/snapshot/manifest.ts";
import { failureOf, jsonOf, type Outcome, rollcall, rollcallHere } from "../cli/rollcall-process.ts";
import {
  addParts,
  asBlobs,
  asVersion1,
  type Blobs,
  NIGHTLY_TENANT,
  type NightlyContainer,
  nightlyManifests,
  openNightly,
  pathOf,
  pointLatestAt,
  relinked,
  throughGate,
  uploadBlobs,
} from "../support/nightly-manifests.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

interface Findings {
  readonly folders: readonly {
    readonly runId: string;
    readonly kind: string;
    readonly keptBy: readonly string[];
  }[];
  readonly deleted: { readonly snapshots: number; readonly failed: number; readonly bytes: number } | null;
}

/** 2025-11-24, a Monday, to 2026-02-01, a Sunday. */
const NIGHTS = nightlyManifests(70);
const LATEST = latestPath(NIGHTLY_TENANT);

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

function night(at: number): Manifest {
  return NIGHTS.at(at) ?? assert.fail();
}

/** Committed runs with their parts, changed before they are uploaded. */
async function nights(
  manifests: readonly Manifest[] = NIGHTS.slice(-10),
  change: (blobs: Blobs) => void = () => undefined,
): Promise<NightlyContainer> {
  const blobs = asBlobs(manifests);
  addParts(blobs, manifests);
  change(blobs);
  return uploadBlobs(storage, blobs);
}

function clientOf({ name }: NightlyContainer): ContainerClient {
  return BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(name);
}

async function namesIn(place: NightlyContainer): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of clientOf(place).listBlobsFlat()) {
    if (name !== lockPath(NIGHTLY_TENANT)) names.push(name);
  }
  return names;
}

function blobsOf({ runId }: Pick<Manifest, "runId">, names: readonly string[]): readonly string[] {
  const { path } = folderOf(NIGHTLY_TENANT, runId);
  return names.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
}

function prune({ environment }: NightlyContainer, ...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(["prune", ...args], environment);
}

async function pruneJson(place: NightlyContainer, ...args: readonly string[]): Promise<Findings> {
  return jsonOf(await prune(place, ...args, "--json")) as Findings;
}

function doomedOf({ folders }: Findings): readonly string[] {
  return folders.filter(({ keptBy }) => keptBy.length === 0).map(({ runId }) => runId);
}

async function planLater({ container }: NightlyContainer, days: number): Promise<readonly PlannedFolder[]> {
  return planPrune(container, NIGHTLY_TENANT, { last: 1 }, Date.now() + days * DAY);
}

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

describe("rollcall prune", () => {
  it("shows what it would delete, and why the rest stays, without writing anything", async () => {
    const { name, environment } = await nights(NIGHTS);
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
    assert.ok(
      lines.every((line) => line.length <= 80),
      stdout,
    );
    assert.equal((await openNightly(name, storage.connectionString).snapshots.runs()).length, 70);
  });

  it("deletes with --yes: of a pruned run, its manifest is left, byte for byte, and its signature", async () => {
    const [oldest] = NIGHTS.slice(-10);
    assert.ok(oldest);
    const place = await nights(undefined, (blobs) =>
      blobs.set(signaturePath(folderOf(NIGHTLY_TENANT, oldest.runId)), Buffer.from("a..b")),
    );
    const { exitCode, stdout } = await prune(place, "--keep-last", "4", "--yes");
    assert.equal(exitCode, 0);
    assert.match(stdout, /\nDeleted: 6 snapshots, \d+\.\d kB\.\n$/);
    const names = await namesIn(place);
    assert.deepEqual(blobsOf(oldest, names), ["manifest.jws", "manifest.pruned.json"]);
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, oldest.runId));
    assert.ok((await clientOf(place).getBlobClient(left).downloadToBuffer()).equals(toBytes(oldest)));
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
    assert.deepEqual(await namesIn(place), names);
    assert.match(
      (await prune(place, "--keep-last", "4", "--yes")).stdout,
      /\nDeleted: 0 snapshots, 0 B\.\n$/,
    );
    assert.deepEqual(await namesIn(place), names);
  });

  it("tells that a run was pruned to whoever asks for it", async () => {
    const place = await nights();
    await pruneJson(place, "--keep-last", "4", "--yes");
    const { exitCode, stderr } = await rollcallHere(["show", night(-10).runId], place.environment);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rollcall: snapshot-not-found\n[\s\S]*was pruned; only its\s+manifest is left/);
  });

  it("wants a rule, and numbers that are some", async () => {
    const place = await nights(NIGHTS.slice(-2));
    const before = await namesIn(place);
    for (const args of [
      [],
      ["--keep-last", "0"],
      ["--keep-daily", "x"],
      ["--keep-weekly", "-1"],
      ["--keep-yearly"],
    ]) {
      assert.equal((await prune(place, "--yes", ...args)).exitCode, 2, args.join(" "));
    }
    assert.deepEqual(await namesIn(place), before);
  });

  it("takes the rules of ROLLCALL_KEEP where none is given, and refuses wrong ones", async () => {
    const { environment } = await nights();
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
    await clientOf(empty).delete();
    assert.deepEqual(await pruneJson(empty, "--keep-last", "1", "--yes"), { folders: [], deleted: null });
    assert.equal(await clientOf(empty).exists(), false);
  });

  it("waits for the lock before it deletes, and gives up if it is taken", async () => {
    const place = await nights();
    const before = await namesIn(place);
    const lock = clientOf(place).getBlockBlobClient(lockPath(NIGHTLY_TENANT));
    await lock.upload("", 0);
    await lock.getBlobLeaseClient().acquireLease(-1);
    const { exitCode, stderr } = await prune(place, "--keep-last", "1", "--yes");
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rollcall: lock-held\n/);
    assert.deepEqual(await namesIn(place), before);
    assert.equal((await prune(place, "--keep-last", "1")).exitCode, 0);
  });
});

describe("a prune never deletes", () => {
  it("the run that latest.json points at, nor the newest", async () => {
    const place = await nights(undefined, (blobs) => pointLatestAt(blobs, night(-7)));
    assert.deepEqual(doomedOf(await pruneJson(place, "--keep-last", "1", "--yes")).length, 8);
    assert.deepEqual(await place.snapshots.runs(), [night(-1).runId, night(-7).runId]);
  });

  it("damaged runs, and counts on none of them", async () => {
    const [cut, partless] = [night(-1), night(-3)];
    const place = await nights(undefined, (blobs) => {
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
    const place = await nights([...NIGHTS.slice(-9), future], (blobs) => pointLatestAt(blobs, night(-1)));
    const { folders } = await pruneJson(place, "--keep-yearly", "1");
    assert.deepEqual(folders[0]?.keptBy, ["misdated"]);
    assert.deepEqual(folders[1]?.keptBy, ["yearly", "latest"]);
  });

  it("anything of what a later Rollcall wrote", async () => {
    const later = { ...night(-5), schema: "rollcall.snapshot/9" };
    const place = await nights(undefined, (blobs) =>
      blobs.set(pathOf(night(-5)), Buffer.from(JSON.stringify(later))),
    );
    const { folders } = await pruneJson(place, "--keep-last", "1", "--yes");
    assert.deepEqual(folders.find(({ runId }) => runId === later.runId)?.keptBy, ["cannot be read"]);
    assert.deepEqual(await place.snapshots.runs(), [night(-1).runId, later.runId]);
    const other = await nights(undefined, (blobs) => {
      const latest = blobs.get(LATEST)?.toString() ?? "";
      blobs.set(LATEST, Buffer.from(latest.replace("rollcall.latest/1", "rollcall.latest/9")));
    });
    const outcome = await prune(other, "--keep-last", "1", "--yes", "--json");
    assert.deepEqual([outcome.exitCode, failureOf(outcome).code], [1, "manifest-unsupported"]);
    assert.equal((await other.snapshots.runs()).length, 10);
  });

  it("the last snapshot where nothing is whole", async () => {
    const manifests = NIGHTS.slice(-3);
    const place = await nights(manifests, (blobs) => {
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
    const place = await nights(undefined, (blobs) => {
      for (const path of beside) blobs.set(path, Buffer.from("x"));
    });
    await pruneJson(place, "--keep-last", "1", "--yes");
    const names = await namesIn(place);
    for (const path of beside) assert.ok(names.includes(path), path);
  });
});

describe("a prune deletes only what Rollcall wrote", () => {
  it("and leaves what somebody put into the folder of a run", async () => {
    const [old, failed] = [night(-5), { runId: "20260115T143000Z" }];
    const inFolder = ({ runId }: Pick<Manifest, "runId">, name: string) =>
      `${folderOf(NIGHTLY_TENANT, runId).path}/${name}`;
    const names = ["notes.txt", "users-of-concern.csv", "manifest.json.bak"];
    const place = await nights(undefined, (blobs) => {
      for (const name of names) {
        for (const run of [old, failed]) blobs.set(inFolder(run, name), Buffer.from("x"));
      }
      blobs.set(inFolder(old, "report.html"), Buffer.from("x"));
      blobs.set(inFolder(failed, partName(0)), Buffer.from("x"));
    });
    await pruneBy(place.container, await planLater(place, 2));
    const left = await namesIn(place);
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
    const place = await nights(undefined, withFailed);
    const { folders } = await pruneJson(place, "--keep-last", "99", "--yes");
    assert.deepEqual(folders.at(-1), {
      runId: failed.runId,
      kind: "failed",
      bytes: 20,
      keptBy: ["younger than a day"],
    });
    assert.equal(blobsOf(failed, await namesIn(place)).length, 2);
  });

  it("stays then, too, if it is this machine's clock that is days ahead", async () => {
    const place = await nights(undefined, withFailed);
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
    assert.equal(blobsOf(failed, await namesIn(place)).length, 2);
  });

  it("is deleted then, all of it", async () => {
    const place = await nights(undefined, withFailed);
    const plan = await planLater(place, 2);
    const found = plan.filter(({ folder }) => folder.runId === failed.runId);
    assert.deepEqual([found[0]?.kind, found[0]?.keptBy, found[0]?.blobs.length], ["failed", [], 2]);
    const before = await namesIn(place);
    assert.deepEqual(await pruneBy(place.container, found), {
      snapshots: 0,
      failed: 1,
      bytes: 20,
      refused: [],
    });
    assert.deepEqual(
      await namesIn(place),
      before.filter((name) => !name.startsWith(`${path}/`)),
    );
  });

  it("stays if a run built on it: then its manifest was removed, and may be put back", async () => {
    const [victim, heir] = [night(-5), night(-4)];
    const place = await nights(undefined, (blobs) => blobs.delete(pathOf(victim)));
    const reasonsOf = async () =>
      (await planLater(place, 2)).find(({ folder }) => folder.runId === victim.runId)?.keptBy;
    assert.deepEqual(await reasonsOf(), [`run ${heir.runId} built on it`]);
    await pruneJson(place, "--keep-last", "1", "--yes");
    assert.deepEqual(blobsOf(heir, await namesIn(place)), ["manifest.pruned.json"]);
    assert.deepEqual(await reasonsOf(), [`run ${heir.runId} built on it`]);
  });

  it("stays if latest.json points at it", async () => {
    const place = await nights(undefined, (blobs) => blobs.delete(pathOf(night(-1))));
    const [found] = await planLater(place, 2);
    assert.deepEqual([found?.kind, found?.keptBy], ["failed", ["latest.json"]]);
  });
});

describe("the chain after a prune", () => {
  it("holds through the runs that were pruned, and names them", async () => {
    const place = await nights(NIGHTS);
    await pruneJson(place, "--keep-daily", "7", "--keep-monthly", "3", "--yes");
    const runs = await place.snapshots.runs();
    const { pruned, ...chain } = await place.snapshots.verifyChain();
    assert.deepEqual(chain, {
      holds: true,
      newest: night(-1).runId,
      oldest: night(0).runId,
      runs: 70,
      end: "first-run",
      gaps: [],
      skipped: [],
      problems: [],
    });
    assert.equal(runs.length, 8);
    assert.deepEqual(
      [...pruned, ...runs].sort(),
      NIGHTS.map(({ runId }) => runId),
    );
    const { stdout } = await rollcallHere(["verify", "--chain"], place.environment);
    assert.match(
      stdout,
      /^✓ the chain holds: 70 runs, [\s\S]*62 runs of these were pruned: the manifests are left/,
    );
  });

  it("holds for whoever listed a run before it was pruned", async () => {
    const place = await nights();
    const pruned = night(-6);
    const manifests = await Array.fromAsync(
      readManifests(place.container, NIGHTLY_TENANT, await place.snapshots.runs(), new Set()),
    );
    await pruneJson(place, "--keep-last", "2", "--yes");
    const ids = manifests.map(({ runId }) => runId);
    assert.deepEqual(
      await Array.fromAsync(readManifests(place.container, NIGHTLY_TENANT, ids, new Set())),
      manifests,
    );
    const [gone] = await Array.fromAsync(place.snapshots.manifests([pruned.runId]));
    assert.ok(gone && "error" in gone);
    assert.equal(gone.error.code, "snapshot-not-found");
  });

  it("is walked no further than asked, through pruned runs too", async () => {
    const place = await nights();
    await pruneJson(place, "--keep-last", "2", "--yes");
    const { holds, runs, end, pruned } = await place.snapshots.verifyChain(night(-5).runId);
    assert.deepEqual([holds, runs, end, pruned.length], [true, 5, "since", 3]);
  });

  it("does not hold if what is left of a run was rewritten", async () => {
    const place = await nights();
    await pruneJson(place, "--keep-last", "4", "--keep-monthly", "9", "--yes");
    const forged = toBytes({ ...night(-6), previous: night(-8).previous });
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, night(-6).runId));
    await clientOf(place).getBlockBlobClient(left).uploadData(forged);
    const { holds, oldest, problems } = await place.snapshots.verifyChain();
    assert.deepEqual([holds, oldest], [false, night(-5).runId]);
    assert.equal(problems[0]?.blob, left);
    assert.match(problems[0]?.problem ?? "", /^it was rewritten: /);
  });

  it("does not hold if a kept run behind the pruned ones was rewritten, or one was put in", async () => {
    const rewritten = { ...night(-9), warnings: ["x: y"] };
    const place = await nights();
    await pruneJson(place, "--keep-last", "4", "--keep-monthly", "9", "--yes");
    const [oldest] = (await place.snapshots.runs()).slice(-1);
    assert.equal(oldest, night(-4).runId);
    await clientOf(place).getBlockBlobClient(pathOf(rewritten)).uploadData(toBytes(rewritten));
    const { holds, problems } = await place.snapshots.verifyChain();
    assert.equal(holds, false);
    assert.match(problems[0]?.problem ?? "", /^it was rewritten: /);
  });

  it("does not hold if what was left of a run is gone, while older snapshots are stored", async () => {
    const place = await nights(NIGHTS);
    await pruneJson(place, "--keep-last", "4", "--keep-yearly", "2", "--yes");
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, night(-6).runId));
    await clientOf(place).deleteBlob(left);
    const { holds, problems } = await place.snapshots.verifyChain();
    assert.equal(holds, false);
    assert.match(problems[0]?.problem ?? "", /^it was removed: run .* built on it/);
  });

  it("ends where a lifecycle rule deleted the oldest, though what is left of pruned runs is younger", async () => {
    const place = await nights(NIGHTS);
    await pruneJson(place, "--keep-last", "4", "--keep-yearly", "2", "--yes");
    const kept = NIGHTS.find(({ runId }) => runId === "20251231T020000Z") ?? assert.fail();
    for (const name of blobsOf(kept, await namesIn(place))) {
      await clientOf(place).deleteBlob(`${folderOf(NIGHTLY_TENANT, kept.runId).path}/${name}`);
    }
    const { holds, end, oldest, problems } = await place.snapshots.verifyChain();
    assert.deepEqual([holds, end, oldest, problems], [true, "deleted", "20260101T020000Z", []]);
  });

  it("does not hold if the newest runs were turned into pruned ones", async () => {
    const place = await nights();
    const newest = night(-1);
    const client = clientOf(place);
    const left = prunedManifestPath(folderOf(NIGHTLY_TENANT, newest.runId));
    await client.getBlockBlobClient(left).uploadData(toBytes(newest));
    await client.deleteBlob(pathOf(newest));
    const { problems } = await place.snapshots.verifyChain();
    assert.equal(problems[0]?.problem, `it points at run ${newest.runId}, which was pruned`);
    const blobs = asBlobs(NIGHTS.slice(0, -1));
    await client.getBlockBlobClient(LATEST).uploadData(blobs.get(LATEST) ?? assert.fail());
    const back = await place.snapshots.verifyChain();
    assert.equal(
      back.problems[0]?.problem,
      `it points at run ${night(-2).runId}, but run ${newest.runId} is newer`,
    );
  });

  it("tells what rules explain from what they do not, where they are given", async () => {
    const place = await nights(NIGHTS);
    await pruneJson(place, "--keep-daily", "7", "--keep-monthly", "3", "--yes");
    assert.equal((await place.snapshots.verifyChain("", { daily: 7, monthly: 3 })).holds, true);
    assert.equal((await place.snapshots.verifyChain("", { daily: 3 })).holds, true);
    // Whoever may delete can pass a deletion off as a prune: only the rules find him out.
    await pruneJson(place, "--keep-daily", "5", "--keep-monthly", "3", "--yes");
    assert.equal((await place.snapshots.verifyChain()).holds, true);
    const args = ["verify", "--chain", "--keep", "daily=7,monthly=3"];
    const { exitCode, stderr, stdout } = await rollcallHere(args, place.environment);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^rollcall: chain-broken\n/);
    assert.match(stdout, /it was pruned, although the rules keep it \(daily\)/);
    for (const wrong of ["daily=0", "foo=3", "daily=3,daily=4", ""]) {
      const usage = await rollcallHere(["verify", "--chain", "--keep", wrong], place.environment);
      assert.equal(usage.exitCode, 2, wrong);
    }
    assert.equal((await rollcallHere(["verify", "--keep", "daily=7"], place.environment)).exitCode, 2);
  });

  it("says of version 1 what it said before", async () => {
    const manifests = relinked([...NIGHTS.slice(-10, -4).map(asVersion1), ...NIGHTS.slice(-4)]);
    const place = await nights(manifests);
    const before = await place.snapshots.verifyChain();
    await pruneJson(place, "--keep-last", "2", "--yes");
    const { pruned, ...chain } = await place.snapshots.verifyChain();
    const { pruned: _, ...same } = before;
    assert.deepEqual(chain, same);
    assert.equal(chain.end, "not-recorded");
    assert.equal(pruned.length, chain.runs - 2);
  });
});

describe("a storage that does not let go", () => {
  it("of one manifest, for a lease on it: that snapshot is whole, and the others are pruned", async () => {
    const place = await nights();
    const held = night(-8);
    const lease = clientOf(place).getBlobClient(pathOf(held)).getBlobLeaseClient();
    await lease.acquireLease(-1);
    const before = blobsOf(held, await namesIn(place));
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
    assert.deepEqual(blobsOf(held, await namesIn(place)), before);
    await lease.releaseLease();
    assert.equal((await pruneJson(place, "--keep-last", "4", "--yes")).deleted?.snapshots, 1);
  });

  it("of a manifest, for an immutability policy: that snapshot is whole", async () => {
    const { name, environment, ...place } = await nights(NIGHTS.slice(-2));
    const [older] = NIGHTS.slice(-2);
    const before = await namesIn({ name, environment, ...place });
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
    assert.deepEqual(await namesIn({ name, environment, ...place }), before);
    assert.equal((await place.snapshots.runs()).length, 2);
  });

  it("of a part: the run counts as pruned, and the next prune clears the rest", async () => {
    const place = await nights();
    const held = night(-8);
    const part = `${folderOf(NIGHTLY_TENANT, held.runId).path}/${partName(0)}`;
    const lease = clientOf(place).getBlobClient(part).getBlobLeaseClient();
    await lease.acquireLease(-1);
    const outcome = await prune(place, "--keep-last", "4", "--yes", "--json");
    assert.equal(outcome.exitCode, 1);
    assert.match(String(failureOf(outcome).remedy), /counts as pruned; the next prune clears what is left/);
    assert.deepEqual(blobsOf(held, await namesIn(place)), ["manifest.pruned.json", partName(0)]);
    assert.equal((await place.snapshots.verifyChain()).holds, true);
    await lease.releaseLease();
    const { folders } = await pruneJson(place, "--keep-last", "4", "--yes");
    assert.deepEqual(folders.find(({ runId }) => runId === held.runId)?.kind, "pruned");
    assert.deepEqual(blobsOf(held, await namesIn(place)), ["manifest.pruned.json"]);
  });

  it("says, having deleted a manifest, that it is unavailable: the copy stays, so the run counts as pruned", async () => {
    const place = await nights(NIGHTS.slice(-2));
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
    const left = blobsOf(older, await namesIn(place));
    assert.ok(left.includes("manifest.pruned.json") && !left.includes("manifest.json"), left.join());
    assert.equal((await place.snapshots.verifyChain()).holds, true);
  });

  it("with 403: nothing is deleted, and the role is named", async () => {
    const place = await nights();
    const before = await namesIn(place);
    const through = (url: string) => ({ ...place.environment, ROLLCALL_STORAGE: throughGate(storage, url) });
    const write = await writeOfFirstDelete(place.environment);
    const strike = { write, moment: "before", status: 403 } as const;
    await using gate = await startStorageGate(storage, await sharedTls(), strike);
    const outcome = await rollcallHere(["prune", "--keep-last", "1", "--yes"], through(gate.url));
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stderr, /^rollcall: storage-denied\n[\s\S]*Storage Blob Data Contributor/);
    assert.deepEqual(await namesIn(place), before);
  });
});
