import type { ExtraFormatName } from "../settings/format-name.ts";

/**
 * The folder of a run. Paths are Hive-partitioned, so that DuckDB, Spark, Synapse, Fabric and pandas see `tenant`, `date`
 * and `run` as columns.
 */
export interface RunFolder {
  readonly tenantId: string;
  /** Start of the run in UTC, such as `20261122T020000Z`; sorts in order of time. */
  readonly runId: string;
  /** Path from the container, without a trailing slash. */
  readonly path: string;
}

export function runFolder(tenantId: string, startedAt: Date): RunFolder {
  const iso = startedAt.toISOString();
  return folderOf(tenantId, `${iso.slice(0, 19).replaceAll(/[-:]/g, "")}Z`);
}

/** @param runId for which {@link isRunId} holds */
export function folderOf(tenantId: string, runId: string): RunFolder {
  const date = `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;
  return { tenantId, runId, path: `${tenantFolder(tenantId)}/date=${date}/run=${runId}` };
}

export function isRunId(text: string): boolean {
  return /^\d{8}T\d{6}Z$/.test(text);
}

/** When a run began by its id, in milliseconds since the Unix epoch; `NaN` if the id is not a possible time. */
export function runTimeMs(runId: string): number {
  const iso = runId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  return Date.parse(iso);
}

/** Whether a run began at a time or later, to the second, as ids have it. */
export function beganSince(runId: string, time: Date): boolean {
  return runTimeMs(runId) >= time.getTime() - time.getUTCMilliseconds();
}

/** The folder of a date, with a trailing slash. */
export function dateFolder(tenantId: string, date: string): string {
  return `${tenantFolder(tenantId)}/date=${date}/`;
}

/** The date in a path that {@link dateFolder} made; `undefined` for any other path. */
export function dateOfFolder(path: string): string | undefined {
  return /^tenant=[^/]+\/date=(\d{4}-\d{2}-\d{2})\/$/.exec(path)?.[1];
}

export function tenantFolder(tenantId: string): string {
  return `tenant=${tenantId}`;
}

export function manifestPath(folder: RunFolder): string {
  return `${folder.path}/manifest.json`;
}

/** The manifest's signature, where it has one: a detached JWS. */
export function signaturePath(folder: RunFolder): string {
  return `${folder.path}/manifest.jws`;
}

/** The run's report, where it leaves one: for people, and no part of the snapshot. */
export function reportPath(folder: RunFolder): string {
  return `${folder.path}/report.html`;
}

/** What is left of a run that was pruned: its manifest, byte for byte. */
export function prunedManifestPath(folder: RunFolder): string {
  return `${folder.path}/manifest.pruned.json`;
}

/** The folder of a run that a blob lies in, if it is one that {@link folderOf} makes. */
export function folderOfBlob(tenantId: string, path: string): RunFolder | undefined {
  const runId = /\/run=(\d{8}T\d{6}Z)\/[^/]+$/.exec(path)?.[1];
  if (runId === undefined) return undefined;
  const folder = folderOf(tenantId, runId);
  return path.startsWith(`${folder.path}/`) ? folder : undefined;
}

/** Whether a blob in the folder of a run is one that a run writes there, and not somebody's own. */
export function isOfRun(path: string): boolean {
  return /\/(?:(?:users|changes|fingerprints)-\d{5,}\.[\w.]+|manifest\.json|manifest\.jws|report\.html)$/.test(
    path,
  );
}

/** The run id in a manifest's path; `undefined` for any other blob. */
export function runIdOfManifest(path: string): string | undefined {
  return /\/run=(\d{8}T\d{6}Z)\/manifest\.json$/.exec(path)?.[1];
}

export function latestPath(tenantId: string): string {
  return `${tenantFolder(tenantId)}/latest.json`;
}

/** How the last run ended, good or bad: for people, and no part of any snapshot. */
export function lastRunPath(tenantId: string): string {
  return `${tenantFolder(tenantId)}/last-run.json`;
}

/** The blob whose lease is the lock, which lets one run at a time work on a tenant. */
export function lockPath(tenantId: string): string {
  return `${tenantFolder(tenantId)}/run.lock`;
}

/** File extension of the parts in each extra format. */
export const FORMAT_EXTENSIONS: Readonly<Record<ExtraFormatName, string>> = {
  csv: "csv",
  parquet: "parquet",
};

/**
 * `users-00000.ndjson.gz`, and so on.
 *
 * @param extension without a leading dot
 */
export function partName(index: number, extension = "ndjson.gz"): string {
  return `users-${String(index).padStart(5, "0")}.${extension}`;
}

/** `changes-00000.ndjson.gz`, and so on: what changed since the previous snapshot. */
export function changesPartName(index: number): string {
  return `changes-${String(index).padStart(5, "0")}.ndjson.gz`;
}

/** `fingerprints-00000.bin`, and so on: an id and a digest of each user. */
export function fingerprintsPartName(index: number): string {
  return `fingerprints-${String(index).padStart(5, "0")}.bin`;
}
