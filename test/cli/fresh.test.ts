import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { DAY, MINUTE } from "../../src/clock.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { folderOf, latestPath, manifestPath, runFolder } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { sharedTls } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { failureOf, jsonOf, type Outcome, rollcallHere, rollcallIn } from "./rollcall-process.ts";

const HOUR = 60 * MINUTE;

interface Fresh {
  readonly runId: string | null;
  readonly ageSeconds: number | null;
  readonly fresh: boolean;
  readonly notes: readonly string[];
}

let sandbox: Sandbox;
let tenantId: string;
let first: Manifest;
let second: Manifest;
let taken: ReadonlyMap<string, Buffer>;
let containers = 0;
let container: ContainerClient;
let least: Readonly<Record<string, string>>;

before(async () => {
  sandbox = await startTestSandbox({ users: 20 });
  tenantId = sandbox.tenant.tenantId;
  const take = rollcallIn(sandbox, {}, rollcallHere);
  first = jsonOf(await take("snapshot", "--json")) as Manifest;
  second = jsonOf(await take("snapshot", "--json")) as Manifest;
  taken = await blobsOf(clientOf(sandbox.environment.ROLLCALL_CONTAINER ?? ""));
});
after(() => sandbox[Symbol.asyncDispose]());

/** Each test has a copy of the two snapshots, and knows nothing but where the storage is and the tenant. */
beforeEach(async () => {
  const name = `fresh-${process.pid}-${++containers}`;
  container = clientOf(name);
  await container.create();
  for (const [path, body] of taken) await put(path, body);
  least = {
    ROLLCALL_TENANT_ID: tenantId,
    ROLLCALL_STORAGE: sandbox.environment.ROLLCALL_STORAGE ?? "",
    ROLLCALL_CONTAINER: name,
  };
});

function clientOf(name: string): ContainerClient {
  return BlobServiceClient.fromConnectionString(sandbox.storage.connectionString).getContainerClient(name);
}

async function blobsOf(from: ContainerClient): Promise<ReadonlyMap<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  for await (const { name } of from.listBlobsFlat()) {
    if (!name.endsWith("/run.lock")) blobs.set(name, await from.getBlobClient(name).downloadToBuffer());
  }
  return blobs;
}

async function put(path: string, body: Buffer | string): Promise<void> {
  await container.getBlockBlobClient(path).uploadData(Buffer.from(body));
}

function manifestOf({ runId }: Pick<Manifest, "runId">): string {
  return manifestPath(folderOf(tenantId, runId));
}

function fresh(within: string, ...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(["fresh", "--within", within, ...args], least);
}

/** What it found, and the exit code that it found it with. */
async function found(within: string): Promise<Fresh & { readonly exitCode: number | null }> {
  const { exitCode, stdout, stderr } = await fresh(within, "--json");
  assert.equal(stderr, "");
  return { exitCode, ...(JSON.parse(stdout) as Fresh) };
}

describe("rollcall fresh", () => {
  it("exits with 0 for a snapshot that is young enough, and with 1 for one that is not", async () => {
    const young = await fresh("26h");
    assert.deepEqual([young.exitCode, young.stderr], [0, ""]);
    assert.match(
      young.stdout,
      new RegExp(`^✓ fresh: the latest snapshot, ${second.runId}, is \\d+ (s|min) old\n$`),
    );
    for (const runId of [first.runId, second.runId]) {
      const finishedAt = new Date(Date.now() - 30 * HOUR).toISOString();
      await put(manifestOf({ runId }), JSON.stringify({ ...second, runId, finishedAt }));
    }
    const old = await fresh("26h");
    assert.deepEqual([old.exitCode, old.stderr], [1, ""]);
    const words = `the latest snapshot, ${second.runId}, is 30.0 h old, older than 26.0 h; the log says why`;
    assert.equal(old.stdout, `✗ stale: ${words}\n`);
    for (const [within, exitCode] of [
      ["1799m", 1],
      ["1801m", 0],
      ["60s", 1],
      ["2d", 0],
    ] as const) {
      assert.equal((await fresh(within)).exitCode, exitCode, within);
    }
  });

  it("says the same as doctor --freshness", async () => {
    const [one, other] = await Promise.all([
      fresh("26h", "--json"),
      rollcallHere(["doctor", "--freshness", "26h", "--json"], least),
    ]);
    const { ageSeconds, ...asked } = jsonOf(one) as Fresh;
    const { ageSeconds: _, ...diagnosed } = jsonOf(other) as Fresh;
    assert.deepEqual(asked, diagnosed);
    assert.ok((ageSeconds ?? -1) >= 0);
  });

  it("exits with 2 for wrong usage and wrong settings", async () => {
    for (const args of [[], ["--within"], ["--within", "soon"], ["--within", "26"], ["--within", "-1h"]]) {
      const { exitCode, stdout } = await rollcallHere(["fresh", ...args], least);
      assert.deepEqual([exitCode, stdout], [2, ""], args.join(" "));
    }
    const settings = await rollcallHere(["fresh", "--within", "26h"], { ROLLCALL_STORAGE: "nonsense" });
    assert.equal(settings.exitCode, 2);
  });

  it("asks the storage to list and to read, and nothing else", async () => {
    await using gate = await startStorageGate(sandbox.storage, await sharedTls());
    const { exitCode } = await rollcallHere(["fresh", "--within", "26h"], {
      ...least,
      ROLLCALL_STORAGE: gate.url,
    });
    assert.equal(exitCode, 0);
    assert.deepEqual(gate.writes, []);
    assert.ok(
      gate.requests.every((request) =>
        /^GET (\S+ comp=list|(manifest|latest|last-run)\.json)$/.test(request),
      ),
      gate.requests.join(),
    );
    assert.equal(gate.requests.length, 5);
  });

  it("tells a container without a snapshot, and none at all, from an old one", async () => {
    for (const path of taken.keys()) await container.getBlobClient(path).delete();
    const empty = await fresh("26h");
    assert.deepEqual([empty.exitCode, empty.stderr], [1, ""]);
    assert.match(
      empty.stdout,
      /^✗ stale: no snapshot of tenant \S+ in container fresh-\S+ is whole; the log/,
    );
    await container.delete();
    const { exitCode, stdout } = await fresh("26h");
    assert.equal(exitCode, 1);
    assert.match(stdout, /is whole\n {4}there is no such container\n$/);
  });

  it("tells a storage that does not answer from an old snapshot, with its code", async () => {
    await using gate = await startStorageGate(sandbox.storage, await sharedTls(), undefined, undefined);
    const { url } = gate;
    await gate[Symbol.asyncDispose]();
    const { exitCode, stdout, stderr } = await rollcallHere(["fresh", "--within", "26h"], {
      ...least,
      ROLLCALL_STORAGE: url,
    });
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.match(stderr, /^rollcall: storage-unavailable\n/);
  });

  it("does not count a damaged manifest, and names it", async () => {
    await put(manifestOf(second), "{ half a manif");
    const older = await found("26h");
    assert.deepEqual([older.exitCode, older.fresh, older.runId], [0, true, first.runId]);
    assert.match(older.notes[0] ?? "", new RegExp(`^run ${second.runId} is damaged .*: it is not JSON`));
    await put(manifestOf(first), "{ half a manif");
    const none = await found("26h");
    assert.deepEqual([none.exitCode, none.fresh, none.runId, none.ageSeconds], [1, false, null, null]);
    assert.equal(none.notes.filter((note) => / is damaged and does not count/.test(note)).length, 2);
  });

  it("does not count a run one of whose parts is gone", async () => {
    const [part] = second.parts;
    await container.getBlobClient(`${folderOf(tenantId, second.runId).path}/${part?.name}`).delete();
    const { exitCode, runId, notes } = await found("26h");
    assert.deepEqual([exitCode, runId], [0, first.runId]);
    assert.match(notes[0] ?? "", new RegExp(`${second.runId} is damaged .*${part?.name}`));
  });

  it("does not count a folder without a manifest", async () => {
    await container.getBlobClient(manifestOf(second)).delete();
    const { exitCode, runId } = await found("26h");
    assert.deepEqual([exitCode, runId], [0, first.runId]);
  });

  it("does not count a run that is dated in the future", async () => {
    const { runId } = runFolder(tenantId, new Date(Date.now() + 400 * DAY));
    for (const [path, body] of taken) {
      const copy = path.replace(folderOf(tenantId, second.runId).path, folderOf(tenantId, runId).path);
      if (copy !== path) await put(copy, body.toString().replaceAll(second.runId, runId));
    }
    const { exitCode, notes, ...result } = await found("26h");
    assert.deepEqual([exitCode, result.runId], [0, second.runId]);
    assert.deepEqual(notes, [`run ${runId} is dated later than it was written, and does not count`]);
    for (const { runId } of [first, second]) await container.getBlobClient(manifestOf({ runId })).delete();
    assert.equal((await found("26h")).exitCode, 1);
  });

  it("counts a run that was killed before it could move latest.json, and says so", async () => {
    const latest = taken.get(latestPath(tenantId))?.toString() ?? "";
    await put(latestPath(tenantId), latest.replaceAll(second.runId, first.runId));
    const { exitCode, runId, notes } = await found("26h");
    assert.deepEqual([exitCode, runId], [0, second.runId]);
    assert.match(notes.join(), new RegExp(`^latest\\.json points at run ${first.runId}, which is not the`));
    await put(latestPath(tenantId), "");
    assert.match((await found("26h")).notes.join(), /latest\.json cannot be used: it is not JSON/);
    await container.getBlobClient(latestPath(tenantId)).delete();
    assert.deepEqual((await found("26h")).notes, ["latest.json is missing; the next run moves it"]);
  });

  it("does not take a snapshot that was finished in the future for a fresh one", async () => {
    const later = new Date(Date.now() + DAY).toISOString();
    await put(manifestOf(second), JSON.stringify({ ...second, finishedAt: later }));
    const { exitCode, stdout, stderr } = await fresh("26h", "--json");
    assert.deepEqual([exitCode, stdout], [1, ""]);
    const { code, problem } = failureOf({ exitCode, stdout, stderr });
    assert.equal(code, "clock-wrong");
    assert.match(String(problem), /^it was finished 1440 minutes from now, by this machine's clock/);
  });

  it("does not judge what a later Rollcall wrote", async () => {
    await put(manifestOf(second), JSON.stringify({ ...second, schema: "rollcall.snapshot/9" }));
    const { exitCode, stdout, stderr } = await fresh("26h", "--json");
    assert.deepEqual([exitCode, stdout], [1, ""]);
    assert.equal(failureOf({ exitCode, stdout, stderr }).code, "manifest-unsupported");
  });
});
