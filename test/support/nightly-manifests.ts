import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import { Snapshots } from "../../src/archive/snapshots.ts";
import { DAY, MINUTE } from "../../src/clock.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { allParts } from "../../src/snapshot/format-parts.ts";
import {
  fingerprintsPartName,
  folderOf,
  latestPath,
  manifestPath,
  runFolder,
} from "../../src/snapshot/layout.ts";
import {
  LATEST_SCHEMA,
  type Latest,
  MANIFEST_SCHEMA,
  type Manifest,
  toBytes,
} from "../../src/snapshot/manifest.ts";
import { sha256Of } from "../../src/snapshot/sha256.ts";
import { type Container, openContainer } from "../../src/storage/container.ts";
import { VERSION_1_SNAPSHOTS } from "./stored-folder.ts";

/** Blobs by their path from the container. */
export type Blobs = Map<string, Buffer>;

/** The manifest of a real first run, which lists 30 users in one part. */
const FIRST_RUN = readFileSync(
  join(
    VERSION_1_SNAPSHOTS,
    "tenant=5a4b0f1e-1111-4222-8333-0000000000a1/date=2026-11-20/run=20261120T020000Z/manifest.json",
  ),
  "utf8",
);
const USERS = 30;
const FIRST_NIGHT_MS = Date.UTC(2025, 10, 24, 2);

/** The tenant of {@link nightlyManifests}. */
export const NIGHTLY_TENANT: string = JSON.parse(FIRST_RUN).tenantId;

/**
 * Manifests such as a run leaves each night, oldest first, each with the hash of the one before. None of them has parts:
 * for what reads manifests only.
 */
export function nightlyManifests(nights: number): readonly Manifest[] {
  const manifests: Manifest[] = [];
  for (let night = 0; night < nights; night++) manifests.push(manifestOf(night, manifests.at(-1)));
  return manifests;
}

function manifestOf(night: number, before: Manifest | undefined): Manifest {
  const startedAt = new Date(FIRST_NIGHT_MS + night * DAY);
  const moves = { joined: 1, left: 1, changed: night % 3 };
  const changes = before && { against: before.runId, ...moves, notCompared: [], parts: [] };
  const guests = 4 + (night % 2);
  return {
    ...(JSON.parse(FIRST_RUN) as Manifest),
    schema: MANIFEST_SCHEMA,
    runId: runFolder(NIGHTLY_TENANT, startedAt).runId,
    startedAt: startedAt.toISOString(),
    finishedAt: startedAt.toISOString(),
    fingerprints: [
      { name: fingerprintsPartName(0), users: USERS, bytes: 24 * USERS, sha256: "0".repeat(64) },
    ],
    tallies: {
      users: USERS,
      members: USERS - guests,
      guests,
      enabled: 27,
      disabled: 3,
      synchronised: 12,
      licensed: null,
      ...(before ? moves : { joined: null, left: null, changed: null }),
    },
    changes: changes ?? null,
    changesSkipped: before ? null : "first run",
    previous: before ? { runId: before.runId, users: USERS, sha256: sha256Of(toBytes(before)) } : null,
  };
}

/** The blobs of committed runs: their manifests, and `latest.json` pointing at the last one. */
export function asBlobs(manifests: readonly Manifest[]): Blobs {
  const blobs: Blobs = new Map(manifests.map((manifest) => [pathOf(manifest), toBytes(manifest)]));
  const newest = manifests.at(-1);
  if (newest) pointLatestAt(blobs, newest);
  return blobs;
}

/** Adds blobs with the lengths of the parts that manifests name, for what does not read them. */
export function addParts(blobs: Blobs, manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    const { path } = folderOf(manifest.tenantId, manifest.runId);
    for (const { name, bytes } of allParts(manifest)) blobs.set(`${path}/${name}`, Buffer.alloc(bytes));
  }
}

/** Makes `latest.json` vouch for a run's manifest as it is among the blobs. */
export function pointLatestAt(blobs: Blobs, { tenantId, runId, finishedAt, completeness }: Manifest): void {
  const manifest = manifestPath(folderOf(tenantId, runId));
  const sha256 = sha256Of(blobs.get(manifest) ?? Buffer.alloc(0));
  const users = completeness.unique;
  const latest: Latest = { schema: LATEST_SCHEMA, runId, manifest, sha256, users, finishedAt };
  blobs.set(latestPath(tenantId), toBytes(latest));
}

/** Path of a run's manifest from the container. */
export function pathOf({ tenantId, runId }: Pick<Manifest, "tenantId" | "runId">): string {
  return manifestPath(folderOf(tenantId, runId));
}

/** Version 1 of a manifest: without what was added, its link included. */
export function asVersion1({ tallies: _, fingerprints: __, previous, ...manifest }: Manifest): Manifest {
  const link = previous && { runId: previous.runId, users: previous.users };
  return { ...manifest, schema: "rollcall.snapshot/1", previous: link };
}

/** Gives each manifest of version 2 the hash of the one before it, as that is now. */
export function relinked(manifests: readonly Manifest[]): readonly Manifest[] {
  const linked: Manifest[] = [];
  for (const manifest of manifests) {
    const { schema, previous } = manifest;
    const before = linked.at(-1);
    const isLinked = before && previous?.runId === before.runId && schema === MANIFEST_SCHEMA;
    const link = isLinked ? { ...previous, sha256: sha256Of(toBytes(before)) } : previous;
    linked.push({ ...manifest, previous: link });
  }
  return linked;
}

/** A container that holds {@link NIGHTLY_TENANT}'s blobs. */
export interface NightlyContainer {
  readonly name: string;
  readonly container: Container;
  readonly snapshots: Snapshots;
  /** Settings for reading it. */
  readonly environment: Readonly<Record<string, string>>;
}

let containers = 0;

/** Uploads blobs into a container of their own. */
export async function uploadBlobs(storage: Storage, blobs: Blobs): Promise<NightlyContainer> {
  const name = `nightly-${process.pid}-${++containers}`;
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  const { containerClient } = await service.createContainer(name);
  const waiting = blobs.entries();
  const upload = async () => {
    for (const [path, body] of waiting) await containerClient.getBlockBlobClient(path).uploadData(body);
  };
  await Promise.all(Array.from({ length: 16 }, upload));
  return openNightly(name, storage.connectionString);
}

/** Opens a container of {@link uploadBlobs}, also through a gate. */
export function openNightly(name: string, connectionString: string): NightlyContainer {
  const signal = AbortSignal.timeout(5 * MINUTE);
  const place = { kind: "local", connectionString } as const;
  const container = openContainer(place, name, new DefaultAzureCredential(), signal);
  const environment = {
    ROLLCALL_TENANT_ID: NIGHTLY_TENANT,
    ROLLCALL_STORAGE: connectionString,
    ROLLCALL_CONTAINER: name,
  };
  return { name, container, snapshots: new Snapshots(container, NIGHTLY_TENANT, signal), environment };
}

/** The storage's connection string with a gate's address in place of its own. */
export function throughGate(storage: Storage, gateUrl: string): string {
  return storage.connectionString.replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${gateUrl}`);
}
