import assert from "node:assert/strict";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type PlannedFolder, planPrune } from "../../src/archive/prune.ts";
import { DAY } from "../../src/clock.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf, latestPath, lockPath } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { jsonOf, type Outcome, rollcallHere } from "../cli/rollcall-process.ts";
import {
  addParts,
  asBlobs,
  type Blobs,
  NIGHTLY_TENANT,
  type NightlyContainer,
  nightlyManifests,
  uploadBlobs,
} from "./nightly-manifests.ts";

/** What `rollcall prune --json` prints. */
export interface Findings {
  readonly folders: readonly {
    readonly runId: string;
    readonly kind: string;
    readonly keptBy: readonly string[];
  }[];
  readonly deleted: { readonly snapshots: number; readonly failed: number; readonly bytes: number } | null;
}

/** 2025-11-24, a Monday, to 2026-02-01, a Sunday. */
export const NIGHTS = nightlyManifests(70);
export const LATEST = latestPath(NIGHTLY_TENANT);

/** One of them, from 0; counted from the newest for a negative number. */
export function night(at: number): Manifest {
  return NIGHTS.at(at) ?? assert.fail();
}

/** Committed runs with their parts, changed before they are uploaded. */
export async function nights(
  storage: Storage,
  manifests: readonly Manifest[] = NIGHTS.slice(-10),
  change: (blobs: Blobs) => void = () => undefined,
): Promise<NightlyContainer> {
  const blobs = asBlobs(manifests);
  addParts(blobs, manifests);
  change(blobs);
  return uploadBlobs(storage, blobs);
}

/** The container as the storage's own client sees it. */
export function clientOf(storage: Storage, { name }: NightlyContainer): ContainerClient {
  return BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient(name);
}

/** All blobs but the lock. */
export async function namesIn(storage: Storage, place: NightlyContainer): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of clientOf(storage, place).listBlobsFlat()) {
    if (name !== lockPath(NIGHTLY_TENANT)) names.push(name);
  }
  return names;
}

/** Names of the blobs in a run's folder. */
export function blobsOf({ runId }: Pick<Manifest, "runId">, names: readonly string[]): readonly string[] {
  const { path } = folderOf(NIGHTLY_TENANT, runId);
  return names.filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1));
}

/** `rollcall prune`. */
export function prune({ environment }: NightlyContainer, ...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(["prune", ...args], environment);
}

/** What `rollcall prune --json` tells. */
export async function pruneJson(place: NightlyContainer, ...args: readonly string[]): Promise<Findings> {
  return jsonOf(await prune(place, ...args, "--json")) as Findings;
}

/** Runs that are to be deleted. */
export function doomedOf({ folders }: Findings): readonly string[] {
  return folders.filter(({ keptBy }) => keptBy.length === 0).map(({ runId }) => runId);
}

/** What a prune would do so many days from now. */
export async function planLater(
  { container }: NightlyContainer,
  days: number,
): Promise<readonly PlannedFolder[]> {
  return planPrune(container, NIGHTLY_TENANT, { last: 1 }, Date.now() + days * DAY);
}
