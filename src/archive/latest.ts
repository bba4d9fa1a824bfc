import { SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { latestContradictions } from "../snapshot/contradictions.ts";
import { folderOf, latestPath } from "../snapshot/layout.ts";
import {
  type Latest,
  MAX_LATEST_BYTES,
  parseLatest,
  readLatestBytes,
  toBytes,
} from "../snapshot/manifest.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { isMisdated, openWholeRun, storedRun } from "./stored-runs.ts";

/** Attempts at moving `latest.json`, because another process may be writing it. */
const MAX_MOVES = 5;
const LOOK_WITHIN_MS = 10 * SECOND;

/**
 * What `latest.json` says; `undefined` before the first snapshot.
 *
 * @throws {RollcallError} `snapshot-damaged`, `manifest-unsupported`, and the storage's errors
 */
export async function readLatest(container: Container, tenantId: string): Promise<Latest | undefined> {
  const path = latestPath(tenantId);
  const body = await container.read(path, MAX_LATEST_BYTES);
  return body && parseLatest(body, path);
}

/** `latest.json` as a run finds it, possibly missing or damaged. */
export type LatestBlob = { readonly etag: string | undefined } & (
  | { readonly latest: Latest }
  /** What is wrong with it, a clause without a full stop. */
  | { readonly latest: undefined; readonly problem: string }
);

/**
 * Reads `latest.json` for a run. Damage is not an error. Of its content, only the run id is used to find anything.
 *
 * @throws {RollcallError} `manifest-unsupported` if it has a later schema, and the storage's errors
 */
export async function inspectLatest(container: Container, tenantId: string): Promise<LatestBlob> {
  const path = latestPath(tenantId);
  const blob = await container.fetch(path, MAX_LATEST_BYTES);
  if (!blob) return { etag: undefined, latest: undefined, problem: "it was missing" };
  const { etag, body, bytes } = blob;
  if (!body) return { etag, latest: undefined, problem: blob.problem };
  if (bytes === 0) return { etag, latest: undefined, problem: "it was empty" };
  try {
    return { etag, latest: readLatestBytes(body, path) };
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    if (error.code === "manifest-unsupported") {
      throw ofLaterRollcall(error, "If the blob is a leftover, move it away; the next run writes a new one.");
    }
    return { etag, latest: undefined, problem: error.problem };
  }
}

/**
 * Moves `latest.json` to a committed run, but never back: a slow run that ends after a later one leaves the pointer to the
 * later one. It is replaced if it cannot be read, or does not point at a whole run with a possible date.
 *
 * @returns why it was not moved, a clause without a full stop; `undefined` if it now points at the run
 * @throws {RollcallError} `manifest-unsupported` if it has a later schema, and the storage's errors
 */
export async function moveLatest(
  container: Container,
  tenantId: string,
  wanted: Latest,
): Promise<string | undefined> {
  const path = latestPath(tenantId);
  const body = toBytes(wanted);
  const etags = new Set<string | undefined>();
  for (let moves = 1; moves <= MAX_MOVES; moves++) {
    const { etag, latest } = await inspectLatest(container, tenantId);
    etags.add(etag);
    if (latest && toBytes(latest).equals(body)) return undefined;
    if (latest && latest.runId > wanted.runId && (await isSound(container, tenantId, latest))) {
      return `it points at run ${latest.runId}, which is later than ${wanted.runId}`;
    }
    try {
      if (await container.replace({ path, body, contentType: "application/json" }, etag)) return undefined;
    } catch (error) {
      // The write may have succeeded although its answer was lost, for example because the run was ended.
      const looking = container.withSignal(AbortSignal.timeout(LOOK_WITHIN_MS));
      const { latest: now } = await inspectLatest(looking, tenantId);
      if (now && toBytes(now).equals(body)) return undefined;
      throw error;
    }
  }
  if (etags.size === 1)
    return "the storage refuses to replace it; break its lease if it has one, else check its access tier and policies";
  return `it changed ${MAX_MOVES} times before it could be written; find out what else writes it`;
}

/** Whether it points at a whole run with a possible date, and agrees with it. */
async function isSound(container: Container, tenantId: string, latest: Latest): Promise<boolean> {
  const run = await storedRun(container, folderOf(tenantId, latest.runId));
  if (!run || isMisdated(run)) return false;
  try {
    const { folder, manifest, bytes } = await openWholeRun(container, run);
    return latestContradictions(latest, folder, manifest, sha256Of(bytes)).length === 0;
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return false;
  }
}

/**
 * The error for a run that finds something that a later Rollcall wrote.
 *
 * @param leftover what to do if that Rollcall is no longer in use
 */
export function ofLaterRollcall({ doing, problem }: RollcallError, leftover: string): RollcallError {
  return new RollcallError("manifest-unsupported", {
    doing,
    problem,
    remedy:
      "Nothing was published: a later Rollcall takes snapshots here, and this one must not build on what it cannot read. " +
      `Run that version. ${leftover}`,
  });
}
