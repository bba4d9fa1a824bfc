import { RollcallError } from "../error.ts";
import { latestContradictions, manifestContradictions } from "../snapshot/contradictions.ts";
import {
  folderOf,
  isRunId,
  latestPath,
  manifestPath,
  type RunFolder,
  runIdOfManifest,
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
 * Ids of the committed runs, newest first. A folder without a manifest is not committed.
 *
 * @internal
 */
export async function committedRuns(container: Container, tenantId: string): Promise<readonly string[]> {
  const runs: string[] = [];
  for await (const { path } of container.list(`${tenantFolder(tenantId)}/date=`)) {
    const runId = runIdOfManifest(path);
    if (runId !== undefined && path === manifestPath(folderOf(tenantId, runId))) runs.push(runId);
  }
  return runs.reverse();
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
): Promise<{ readonly manifest: Manifest; readonly bytes: Buffer }> {
  const path = manifestPath(folder);
  const bytes = await container.read(path, MAX_MANIFEST_BYTES);
  if (bytes) return { manifest: parseManifest(bytes, path), bytes };
  if (latest) throw new SnapshotDamaged(path, "latest.json points at it, but it is missing");
  throw notFound(`reading ${path}`, `there is no committed snapshot ${folder.runId}`);
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
