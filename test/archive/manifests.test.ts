import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import { Snapshots } from "../../src/archive/snapshots.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { openContainer } from "../../src/storage/container.ts";
import { jsonOf, rollcallHere } from "../cli/rollcall-process.ts";
import {
  asBlobs,
  type Blobs,
  NIGHTLY_TENANT,
  nightlyManifests,
  pathOf,
  uploadBlobs,
} from "../support/nightly-manifests.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

const NIGHTS = 60;
const YEAR = nightlyManifests(365);
const NEWEST_FIRST = YEAR.map(({ runId }) => runId).reverse();

let storage: Storage;
let containers = 0;

before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

async function stored(blobs: Blobs): Promise<string> {
  const name = `manifests-${process.pid}-${++containers}`;
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  await uploadBlobs(service.getContainerClient(name), blobs);
  return name;
}

function open(container: string, connectionString = storage.connectionString): Snapshots {
  const signal = AbortSignal.timeout(60_000);
  const place = { kind: "local", connectionString } as const;
  const opened = openContainer(place, container, new DefaultAzureCredential(), signal);
  return new Snapshots(opened, NIGHTLY_TENANT, signal);
}

function environmentOf(container: string, connectionString = storage.connectionString) {
  return {
    ROLLCALL_TENANT_ID: NIGHTLY_TENANT,
    ROLLCALL_STORAGE: connectionString,
    ROLLCALL_CONTAINER: container,
  };
}

/** The storage's connection string with the gate in its place. */
function through(gateUrl: string): string {
  return storage.connectionString.replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${gateUrl}`);
}

describe("Snapshots.manifests", () => {
  it("gives each run's manifest and its hash, newest first", async () => {
    const runs = await Array.fromAsync(open(await stored(asBlobs(YEAR))).manifests());
    assert.deepEqual(
      runs.map(({ runId }) => runId),
      NEWEST_FIRST,
    );
    const links = runs.map((run) => ("error" in run ? assert.fail() : run.manifest.previous?.sha256));
    const hashes = runs.map((run) => ("error" in run ? assert.fail() : run.manifestSha256));
    assert.deepEqual(links, [...hashes.slice(1), undefined]);
  });

  it("reads eight at a time, and no more than eight ahead", async () => {
    const container = await stored(asBlobs(YEAR.slice(0, NIGHTS)));
    await using gate = await startStorageGate(storage, await sharedTls());
    const snapshots = open(container, through(gate.url));
    let seen = 0;
    for await (const { runId } of snapshots.manifests(await snapshots.runs())) {
      assert.equal(runId, YEAR[NIGHTS - 1 - seen]?.runId);
      seen++;
      const read = gate.requests.filter((name) => name === "GET manifest.json").length;
      assert.ok(read <= seen + 8, `${read} read for ${seen}`);
      if (seen === 20) break;
    }
  });

  it("tells of one that is damaged and of one that is gone by now, and hides no other", async () => {
    const [one, two, three, four] = YEAR.slice(0, 4);
    assert.ok(one && two && three && four);
    const blobs = asBlobs([one, two, three, four]);
    blobs.set(pathOf(two), Buffer.from("{ half a manif"));
    const snapshots = open(await stored(blobs));
    const runs = [four.runId, "20251130T020000Z", three.runId, two.runId, one.runId];
    const found = await Array.fromAsync(snapshots.manifests(runs));
    assert.deepEqual(
      found.map((run) => ("error" in run ? run.error.code : run.runId)),
      [four.runId, "snapshot-not-found", three.runId, "snapshot-damaged", one.runId],
    );
  });
});

describe("rollcall history", () => {
  it("over a year reads each manifest once, and nothing else but the list of blobs", async () => {
    const container = await stored(asBlobs(YEAR));
    await using gate = await startStorageGate(storage, await sharedTls());
    const settings = environmentOf(container, through(gate.url));
    const outcome = await rollcallHere(["history", "--last", "365", "--json"], settings);
    const entries = jsonOf(outcome) as { readonly runId: string }[];
    assert.deepEqual(
      entries.map(({ runId }) => runId),
      NEWEST_FIRST,
    );
    const counts = new Map<string, number>();
    for (const name of gate.requests) counts.set(name, (counts.get(name) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(counts), {
      "GET manifest.json": 365,
      [`GET ${container} comp=list`]: 1,
    });
  });

  it("says what the manifests say", async () => {
    const container = await stored(asBlobs(YEAR.slice(0, 3)));
    const outcome = await rollcallHere(["history", "--json"], environmentOf(container));
    const [third, , first] = jsonOf(outcome) as Record<string, unknown>[];
    const night = { users: 30, verdict: "complete", enabled: 27, disabled: 3, members: 26, guests: 4 };
    const { finishedAt, runId } = YEAR[2] ?? assert.fail();
    const moves = { against: YEAR[1]?.runId, joined: 1, left: 1, changed: 2 };
    assert.deepEqual(third, { runId, finishedAt, ...night, ...moves });
    const none = { against: null, joined: null, left: null, changed: null };
    assert.deepEqual(first, { runId: YEAR[0]?.runId, finishedAt: YEAR[0]?.finishedAt, ...night, ...none });
  });
});
