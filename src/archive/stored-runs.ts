import { CLOCK_TOLERANCE_MS, DAY } from "../clock.ts";
import { manifestContradictions } from "../snapshot/contradictions.ts";
import {
  dateFolder,
  dateOfFolder,
  folderOf,
  manifestPath,
  type RunFolder,
  runIdOfManifest,
  runTimeMs,
  tenantFolder,
} from "../snapshot/layout.ts";
import { MAX_MANIFEST_BYTES, type Manifest, readManifest } from "../snapshot/manifest.ts";
import { checkLengths } from "../snapshot/part-lengths.ts";
import type { StoredBlob } from "../storage/blob.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";

/** A committed run as listing shows it: its manifest exists but has not been read. */
export interface StoredRun {
  readonly folder: RunFolder;
  /** When its manifest was written, by the service's clock, in milliseconds since the Unix epoch. */
  readonly committedMs: number;
  /** Bytes of each blob in its folder, by path from the container. */
  readonly blobs: ReadonlyMap<string, number>;
}

/** A run with a sound manifest. */
export interface WholeRun {
  readonly folder: RunFolder;
  readonly manifest: Manifest;
  /** The manifest as stored. */
  readonly bytes: Buffer;
}

/** Most date folders that are listed; a folder may hold only killed runs. */
const MAX_DATES = 100;
/** Most date folders in the future that are listed too. */
const MAX_FUTURE_DATES = 10;

/**
 * The committed runs of a tenant, newest first. Lazy, so that finding the newest among years of runs takes two requests:
 * one for the dates (5,000 at a time), and one for the blobs of each date that is reached. Lists at most 100 dates, and at
 * most 10 in the future.
 *
 * @param nowMs the present; later dates are in the future
 * @throws {RollcallError} the storage's errors
 */
export async function* newestRuns(
  container: Container,
  tenantId: string,
  nowMs: number,
): AsyncGenerator<StoredRun, void, undefined> {
  const folders = await container.folders(`${tenantFolder(tenantId)}/date=`);
  const dates = folders.flatMap((folder) => dateOfFolder(folder) ?? []).sort();
  const tomorrow = new Date(nowMs + DAY).toISOString().slice(0, 10);
  const future = dates.filter((date) => date >= tomorrow).reverse();
  const past = dates.filter((date) => date < tomorrow).reverse();
  for (const date of [...future.slice(0, MAX_FUTURE_DATES), ...past.slice(0, MAX_DATES)]) {
    const blobs = await Array.fromAsync(container.list(dateFolder(tenantId, date)));
    yield* runsAmong(tenantId, blobs);
  }
}

/** One run, if it is committed. */
export async function storedRun(container: Container, folder: RunFolder): Promise<StoredRun | undefined> {
  const blobs = await Array.fromAsync(container.list(`${folder.path}/`));
  return runsAmong(folder.tenantId, blobs)[0];
}

/**
 * Whether a run is dated later than it was written, by more than a clock may be off. Its machine's clock was wrong, so its
 * name says nothing.
 */
export function isMisdated({ folder, committedMs }: StoredRun): boolean {
  return runTimeMs(folder.runId) > committedMs + CLOCK_TOLERANCE_MS;
}

/**
 * Reads a run's manifest and checks it for contradictions, and the parts for their lengths.
 *
 * @throws {RollcallError} `snapshot-damaged`; `manifest-unsupported` for a later schema
 */
export async function openWholeRun(container: Container, stored: StoredRun): Promise<WholeRun> {
  const run = await openManifest(container, stored);
  checkLengths(run.folder, run.manifest.parts, stored.blobs);
  return run;
}

/**
 * As {@link openWholeRun}, but does not check the parts.
 *
 * @throws {RollcallError} as {@link openWholeRun}
 */
export async function openManifest(container: Container, { folder }: StoredRun): Promise<WholeRun> {
  const path = manifestPath(folder);
  const bytes = await container.read(path, MAX_MANIFEST_BYTES);
  if (!bytes) throw new SnapshotDamaged(path, "the blob is missing");
  const manifest = readManifest(bytes, path);
  const [finding] = manifestContradictions(manifest, folder);
  if (finding) throw new SnapshotDamaged(finding.blob, finding.problem);
  return { folder, manifest, bytes };
}

/** Newest first. */
function runsAmong(tenantId: string, blobs: readonly StoredBlob[]): readonly StoredRun[] {
  return blobs
    .flatMap(({ path, modifiedMs }) => {
      const runId = runIdOfManifest(path);
      if (runId === undefined || Number.isNaN(runTimeMs(runId))) return [];
      const folder = folderOf(tenantId, runId);
      if (path !== manifestPath(folder)) return [];
      const own = blobs.filter((blob) => blob.path.startsWith(`${folder.path}/`));
      return [
        { folder, committedMs: modifiedMs, blobs: new Map(own.map((blob) => [blob.path, blob.bytes])) },
      ];
    })
    .reverse();
}
