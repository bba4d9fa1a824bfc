// src/archive (what readers see) is tested through the library: here, and in cli/damage.test.ts.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { SECOND } from "../src/clock.ts";
import * as errors from "../src/error.ts";
import {
  type Manifest,
  type OpenOptions,
  openSnapshots,
  RollcallError,
  type RunSummary,
  type Snapshots,
  type User,
} from "../src/library.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { manifestPath, runFolder, tenantFolder } from "../src/snapshot/layout.ts";
import { sha256Of } from "../src/snapshot/sha256.ts";
import { HOSTILE_HOSTS } from "./support/hostile-hosts.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

const EXAMPLE = fileURLToPath(new URL("examples/enabled-guests.ts", import.meta.url));
const HERE = "user-snapshots";

let storage: Storage;
let rig: Rig;
let service: BlobServiceClient;
let first: Manifest;
let second: Manifest;
let sound: Map<string, Buffer>;
let containers = 0;

before(async () => {
  storage = await startSharedStorage();
  service = BlobServiceClient.fromConnectionString(storage.connectionString);
  rig = await startRig(storage, { users: 2500, container: HERE });
  first = await rig.run();
  // Run ids have whole seconds.
  await rig.clock.sleep(SECOND, new AbortController().signal);
  second = await rig.run({ run: { maxPartBytes: 20_000 } });
  sound = await blobsOf(service.getContainerClient(HERE));
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

async function blobsOf(container: ContainerClient): Promise<Map<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  for await (const { name } of container.listBlobsFlat()) {
    blobs.set(name, await container.getBlobClient(name).downloadToBuffer());
  }
  return blobs;
}

/** The snapshots, with the account key as on a laptop. */
function openHere(options: Partial<OpenOptions> = {}): Promise<Snapshots> {
  return openSnapshots({ storage: storage.connectionString, ...options });
}

/** A container of its own with the same snapshots, changed. */
async function changed(change: (blobs: Map<string, Buffer>) => void): Promise<ContainerClient> {
  const blobs = new Map(sound);
  change(blobs);
  const { containerClient } = await service.createContainer(`library-${++containers}`);
  for (const [path, body] of blobs) await containerClient.getBlockBlobClient(path).uploadData(body);
  return containerClient;
}

/** The path of a blob of a run. */
function pathIn({ tenantId, startedAt }: Manifest, name: string): string {
  return `${runFolder(tenantId, new Date(startedAt)).path}/${name}`;
}

/** The ids in a part. */
function idsIn(manifest: Manifest, name: string): readonly string[] {
  const lines = gunzipSync(sound.get(pathIn(manifest, name)) ?? "")
    .toString()
    .trimEnd();
  return lines.split("\n").map((line) => (JSON.parse(line) as User).id);
}

/** Expects a {@link RollcallError} with `code` whose message fits. */
async function refuses(work: () => Promise<unknown>, code: string, message: RegExp): Promise<RollcallError> {
  const error = await work().then(
    () => assert.fail(`expected ${code}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RollcallError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return error;
}

describe("the package", () => {
  it("is imported by its name and is the code that the command line uses", () => {
    assert.equal(RollcallError, errors.RollcallError);
  });

  it("runs the documents' example, as the identity of the machine", async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [EXAMPLE, storage.url], {
      env: rig.sandbox.environment,
    });
    assert.equal(stderr, "");
    const guests = [...sound]
      .filter(([path]) => path.startsWith(pathIn(second, "users-")))
      .flatMap(([, body]) => gunzipSync(body).toString().trimEnd().split("\n"))
      .map((line) => JSON.parse(line) as User)
      .filter(({ userType, accountEnabled }) => userType === "Guest" && accountEnabled === true);
    assert.ok(guests.length > 0);
    assert.equal(stdout, `${second.runId}: ${guests.length} guests can sign in\n`);
  });

  it("has an example of ten lines", async () => {
    assert.ok((await readFile(EXAMPLE, "utf8")).trimEnd().split("\n").length <= 10);
  });
});

describe("openSnapshots", () => {
  it("opens a blob service with the credential that it is given", async () => {
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = rig.sandbox.environment;
    Object.assign(process.env, { IDENTITY_ENDPOINT, IDENTITY_HEADER });
    const { clientId } = rig.tenant.identity;
    const credential = new DefaultAzureCredential({ managedIdentityClientId: clientId });
    const snapshots = await openHere({ storage: storage.url, credential });
    assert.deepEqual(await snapshots.runs(), [second.runId, first.runId]);
  });

  it("finds the only tenant, and takes a directory id or a domain", async () => {
    const { tenantId, domain, entra } = rig.tenant;
    for (const given of [undefined, tenantId, tenantId.toUpperCase(), domain]) {
      const snapshots = await openHere({ tenantId: given, authorityHost: entra.origin });
      assert.equal(snapshots.tenantId, tenantId);
    }
  });

  it("names all tenants where it cannot know which", async () => {
    const other = "0e3ac2a6-9d5f-4d0a-a4a4-0e3f3f3b1b11";
    const { containerName } = await changed((blobs) => {
      for (const [path, body] of sound)
        blobs.set(path.replace(tenantFolder(second.tenantId), tenantFolder(other)), body);
    });
    const error = await refuses(() => openHere({ container: containerName }), "settings-invalid", /tenantId/);
    for (const tenantId of [other, second.tenantId])
      assert.ok(error.problem.includes(tenantId), error.problem);
    const snapshots = await openHere({ container: containerName, tenantId: second.tenantId });
    assert.equal((await snapshots.latest()).manifest.runId, second.runId);
  });

  it("takes no tenant for one that never published a snapshot", async () => {
    const other = "0e3ac2a6-9d5f-4d0a-a4a4-0e3f3f3b1b11";
    const strays = [
      `tenant=${other}/run.lock`,
      `tenant=${other}/date=2026-11-22/run=20261122T020000Z/users-00000.ndjson.gz`,
      "tenant=nobody/latest.json",
      "tenant=latest.json",
    ];
    const addStrays = (blobs: Map<string, Buffer>) => {
      for (const path of strays) blobs.set(path, Buffer.from("{}"));
    };
    const besides = await changed((blobs) => addStrays(blobs));
    assert.equal((await openHere({ container: besides.containerName })).tenantId, second.tenantId);
    const alone = await changed((blobs) => {
      blobs.clear();
      addStrays(blobs);
    });
    await refuses(() => openHere({ container: alone.containerName }), "snapshot-not-found", /no snapshot/);
  });

  it("names every wrong option by the name it has here, and tells no value", async () => {
    const wrong = [
      "https://contosodata.blob.core.windows.net/?sv=2024&sig=c2VjcmV0",
      "DefaultEndpointsProtocol=https;AccountName=contosodata;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net",
      "https://contosodata.blob.example.com",
      "http://contosodata.blob.core.windows.net",
      ...HOSTILE_HOSTS,
      "",
    ];
    for (const given of wrong) {
      const error = await refuses(
        () => openSnapshots({ storage: given, container: "No!", tenantId: "no tenant" }),
        "settings-invalid",
        /storage .*container .*tenantId|tenantId .*storage .*container/,
      );
      assert.doesNotMatch(error.message, /c2VjcmV0|ROLLCALL_|No!|no tenant/);
    }
  });

  it("asks nothing once its signal is aborted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(openHere({ signal }), /enough/);
  });
});

describe("Snapshots", () => {
  it("lists runs newest first", async () => {
    const listed: RunSummary[] = [];
    for await (const run of (await openHere()).list()) {
      assert.ok(!("error" in run));
      listed.push(run);
    }
    assert.deepEqual(
      listed.map(({ runId, users, verdict }) => ({ runId, users, verdict })),
      [second, first].map(({ runId }) => ({ runId, users: 2500, verdict: "complete" })),
    );
    assert.equal(listed[0]?.parts, second.parts.length);
  });

  it("lists a run with its error where the manifest cannot be read, and the others", async () => {
    const { containerName } = await changed((blobs) =>
      blobs.set(pathIn(first, "manifest.json"), Buffer.from('{"schema":"rollcall.snapshot/9"}')),
    );
    const snapshots = await openHere({ container: containerName });
    const runs = await Array.fromAsync(snapshots.list());
    assert.deepEqual(
      runs.map((run) => ("error" in run ? run.error.code : run.users)),
      [2500, "manifest-unsupported"],
    );
    await refuses(() => snapshots.open(first.runId), "manifest-unsupported", /rollcall\.snapshot\/9/);
  });

  it("opens the latest, a run, or the beginning of one", async () => {
    const snapshots = await openHere();
    const latest = await snapshots.latest();
    assert.deepEqual(latest.manifest, JSON.parse(JSON.stringify(second)));
    assert.equal(latest.isLatest, true);
    assert.equal((await snapshots.open(first.runId)).isLatest, false);
    assert.equal((await snapshots.open(first.runId.slice(0, -1))).manifest.runId, first.runId);
    await refuses(() => snapshots.open("2019"), "snapshot-not-found", /begins with this/);
    await refuses(() => snapshots.open(second.runId.slice(0, 4)), "snapshot-not-found", /2 snapshots/);
  });
});

describe("a snapshot", () => {
  it("gives each user once, typed, in the order of the parts", async () => {
    const snapshot = await (await openHere()).latest();
    assert.ok(snapshot.manifest.parts.length > 2);
    const ids: string[] = [];
    for await (const user of snapshot.users()) {
      const { id }: { readonly id: string } = user;
      ids.push(id);
      assert.deepEqual(Object.keys(user), snapshot.manifest.source.properties);
    }
    assert.deepEqual(
      ids,
      second.parts.flatMap(({ name }) => idsIn(second, name)),
    );
    assert.equal(new Set(ids).size, 2500);
  });

  it("gives the same as lines, one by one and in batches", async () => {
    const snapshot = await (await openHere()).latest();
    const users = await Array.fromAsync(snapshot.users());
    const lines = await Array.fromAsync(snapshot.lines());
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      users,
    );
    assert.deepEqual((await Array.fromAsync(snapshot.lineBatches())).flat(), lines);
  });

  it("says that it is whole", async () => {
    const snapshot = await (await openHere()).open(first.runId);
    const { runId, whole, users, problems } = await snapshot.verify();
    assert.deepEqual(
      { runId, whole, users, problems },
      { runId: first.runId, whole: true, users: 2500, problems: [] },
    );
  });

  it("gives no user of a damaged part, and all of the parts before it", async () => {
    const [whole, broken] = second.parts;
    assert.ok(whole && broken);
    const path = pathIn(second, broken.name);
    const { containerName } = await changed((blobs) => {
      const bytes = Buffer.from(blobs.get(path) ?? "");
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      blobs.set(path, bytes);
    });
    const snapshots = await openHere({ container: containerName });
    const snapshot = await snapshots.latest();
    for (const read of [
      async (ids: string[]) => {
        for await (const { id } of snapshot.users()) ids.push(id);
      },
      async (ids: string[]) => {
        for await (const line of snapshot.lines()) ids.push((JSON.parse(line) as User).id);
      },
    ]) {
      const ids: string[] = [];
      const error = await refuses(() => read(ids), "snapshot-damaged", /SHA-256/);
      assert.ok(error.doing.includes(path));
      assert.deepEqual(ids, idsIn(second, whole.name));
    }
    const found = await snapshot.verify();
    assert.equal(found.whole, false);
    assert.ok(found.problems.some(({ blob }) => blob === path));
    assert.deepEqual(await snapshots.verify(), found);
  });

  it("gives no line for a user that is none, though the hashes were forged, too", async () => {
    const part = first.parts[0];
    assert.ok(part);
    const path = pathIn(first, part.name);
    for (const [line, forged] of Object.entries({ 1: "not json", 2: "null", 3: '{"displayName":"x"}' })) {
      const { containerName } = await changed((blobs) => {
        const lines = gunzipSync(blobs.get(path) ?? "")
          .toString()
          .split("\n");
        const body = gzipSync(lines.with(Number(line) - 1, forged).join("\n"));
        blobs.set(path, body);
        const manifest = manifestPath(runFolder(first.tenantId, new Date(first.startedAt)));
        const parts = [{ ...part, bytes: body.length, sha256: sha256Of(body) }];
        blobs.set(manifest, Buffer.from(JSON.stringify({ ...first, parts })));
      });
      const snapshot = await (await openHere({ container: containerName })).open(first.runId);
      const users: User[] = [];
      await refuses(
        async () => {
          for await (const user of snapshot.users()) users.push(user);
        },
        "snapshot-damaged",
        new RegExp(`line ${line} is not a JSON object with an id`),
      );
      assert.equal(users.length, Number(line) - 1);
    }
  });

  it("reads nothing more once a loop over it is left", async () => {
    const container = await changed(() => undefined);
    const snapshot = await (await openHere({ container: container.containerName })).latest();
    // Reading on would fail.
    for (const { name } of second.parts.slice(1)) await container.deleteBlob(pathIn(second, name));
    for (const source of [snapshot.users(), snapshot.lines(), snapshot.lineBatches()]) {
      for await (const _ of source) break;
      assert.deepEqual(await source.next(), { done: true, value: undefined });
    }
    await refuses(() => Array.fromAsync(snapshot.users()), "snapshot-damaged", /missing/);
  });

  it("is not read further once the signal is aborted", async () => {
    const abort = new AbortController();
    const snapshot = await (await openHere({ signal: abort.signal })).latest();
    let users = 0;
    const reading = async () => {
      for await (const _ of snapshot.users()) {
        users++;
        abort.abort(new Error("enough"));
      }
    };
    await assert.rejects(reading, /enough/);
    assert.ok(users <= (second.parts[0]?.users ?? 0), String(users));
  });
});
