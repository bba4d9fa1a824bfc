import { RollcallError } from "../error.ts";
import { latestContradictions, manifestContradictions } from "../snapshot/contradictions.ts";
import {
  folderOf,
  folderOfBlob,
  isRunId,
  latestPath,
  manifestPath,
  prunedManifestPath,
  type RunFolder,
  tenantFolder,
} from "../snapshot/layout.ts";
import { type Latest, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from "../snapshot/manifest.ts";
import { checkParts } from "../snapshot/part-lengths.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { readLatest } from "./latest.ts";
import { isUnreadable } from "./unreadable.ts";

/** A committed snapshot whose manifest is sound and whose parts are all there. */
export interface Snapshot {
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  /** Lower-case hex SHA-256 of the manifest's bytes. */
  readonly manifestSha256: string;
  /** Whether `latest.json` points at it. */
  readonly isLatest: boolean;
}

/**
 * A manifest and its bytes as stored.
 *
 * @internal
 */
export interface StoredManifest {
  readonly manifest: Manifest;
  readonly bytes: Buffer;
}

/** Ids of runs, newest first. */
export interface RunIds {
  /** A folder without a manifest is not committed. */
  readonly committed: readonly string[];
  /** Runs that were pruned: only their manifests are left. */
  readonly pruned: readonly string[];
}

/**
 * Ids of the committed runs, newest first.
 *
 * @internal
 */
export async function committedRuns(container: Container, tenantId: string): Promise<readonly string[]> {
  return (await listRunIds(container, tenantId)).committed;
}

/**
 * Ids of the committed runs, and of those that were pruned.
 *
 * @internal
 */
export async function listRunIds(container: Container, tenantId: string): Promise<RunIds> {
  const committed: string[] = [];
  const pruned = new Set<string>();
  for await (const { path } of container.list(`${tenantFolder(tenantId)}/date=`)) {
    const folder = folderOfBlob(tenantId, path);
    if (!folder) continue;
    if (path === manifestPath(folder)) committed.push(folder.runId);
    if (path === prunedManifestPath(folder)) pruned.add(folder.runId);
  }
  // While one is being pruned, or could not be, both are there: it is still committed.
  for (const runId of committed) pruned.delete(runId);
  return { committed: committed.reverse(), pruned: [...pruned].reverse() };
}

/**
 * Finds a snapshot and checks what can be checked without reading its parts.
 *
 * @param run a run id or the beginning of one; absent or `latest`: the run that `latest.json` points at
 * @throws {RollcallError} `snapshot-not-found`, also if several ids begin with `run`; `snapshot-damaged` and
 *   `manifest-unsupported` naming the blob
 * @internal
 */
export async function openSnapshot(container: Container, tenantId: string, run?: string): Promise<Snapshot> {
  const { runId, latest } = await resolveRun(container, tenantId, run);
  const folder = folderOf(tenantId, runId);
  const { manifest, bytes } = await requireManifest(container, folder, latest);
  const [finding] = [
    ...manifestContradictions(manifest, folder),
    ...(latest ? latestContradictions(latest, folder, manifest, sha256Of(bytes)) : []),
  ];
  if (finding) throw new SnapshotDamaged(finding.blob, finding.problem);
  await checkParts(container, folder, manifest.parts);
  return { folder, manifest, manifestSha256: sha256Of(bytes), isLatest: latest !== undefined };
}

/**
 * Finds which run is meant. Returns `latest.json` too if it points at that run.
 *
 * @internal
 */
export async function resolveRun(
  container: Container,
  tenantId: string,
  run?: string,
): Promise<{ readonly runId: string; readonly latest: Latest | undefined }> {
  if (run === undefined || run === "latest") {
    const latest = await readLatest(container, tenantId);
    if (!latest) throw notFound(`reading ${latestPath(tenantId)}`, "no snapshot has been published yet");
    return { runId: latest.runId, latest };
  }
  const runId = isRunId(run) ? run : await findRun(container, tenantId, run);
  const latest = await latestIfReadable(container, tenantId);
  return { runId, latest: latest?.runId === runId ? latest : undefined };
}

/**
 * Reads a manifest and nothing else.
 *
 * @param latest `latest.json` if it points at this run; a missing manifest is then damage
 * @internal
 */
export async function requireManifest(
  container: Container,
  folder: RunFolder,
  latest?: Latest,
): Promise<StoredManifest> {
  const path = manifestPath(folder);
  const bytes = await container.read(path, MAX_MANIFEST_BYTES);
  if (bytes) return { manifest: parseManifest(bytes, path), bytes };
  if (latest) throw new SnapshotDamaged(path, "latest.json points at it, but it is missing");
  if (await readPrunedManifest(container, folder)) {
    throw notFound(`reading ${path}`, `snapshot ${folder.runId} was pruned; only its manifest is left`);
  }
  throw notFound(`reading ${path}`, `there is no committed snapshot ${folder.runId}`);
}

/**
 * Reads what is left of a run that was pruned.
 *
 * @returns `undefined` if it was not
 * @throws {RollcallError} `snapshot-damaged`, `manifest-unsupported`, and the storage's errors
 *
 * @internal
 */
export async function readPrunedManifest(
  container: Container,
  folder: RunFolder,
): Promise<StoredManifest | undefined> {
  const path = prunedManifestPath(folder);
  const bytes = await container.read(path, MAX_MANIFEST_BYTES);
  return bytes && { manifest: parseManifest(bytes, path), bytes };
}

async function findRun(container: Container, tenantId: string, beginning: string): Promise<string> {
  const runs = await committedRuns(container, tenantId);
  const [found, ...others] = runs.filter((runId) => runId.startsWith(beginning));
  const doing = `looking for run ${beginning} in ${tenantFolder(tenantId)}`;
  if (found === undefined) throw notFound(doing, "no committed snapshot has an id that begins with this");
  if (others.length === 0) return found;
  const names = [found, ...others].slice(0, 5).join(", ");
  const more = others.length > 4 ? ` and ${others.length - 4} more` : "";
  throw notFound(doing, `the ids of ${others.length + 1} snapshots begin with this: ${names}${more}`);
}

/** A run that was named can be read even if `latest.json` is damaged, or a newer Rollcall wrote it. */
async function latestIfReadable(container: Container, tenantId: string): Promise<Latest | undefined> {
  try {
    return await readLatest(container, tenantId);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return undefined;
  }
}

function notFound(doing: string, problem: string): RollcallError {
  return new RollcallError("snapshot-not-found", {
    doing,
    problem,
    remedy: "`rollcall list` shows the snapshots. A run that did not finish left none.",
  });
}
