import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerClient } from "@azure/storage-blob";
import { DAY } from "../../src/clock.ts";
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

/** Uploads blobs, making the container if there is none. */
export async function uploadBlobs(container: ContainerClient, blobs: Blobs): Promise<void> {
  await container.createIfNotExists();
  const waiting = blobs.entries();
  const upload = async () => {
    for (const [path, body] of waiting) await container.getBlockBlobClient(path).uploadData(body);
  };
  await Promise.all(Array.from({ length: 16 }, upload));
}
