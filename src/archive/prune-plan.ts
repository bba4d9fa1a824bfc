import { DAY } from "../clock.ts";
import type { KeepRules } from "../settings/keep-rules.ts";
import {
  folderOfBlob,
  isOfRun,
  manifestPath,
  prunedManifestPath,
  type RunFolder,
  runTimeMs,
  signaturePath,
  tenantFolder,
} from "../snapshot/layout.ts";
import { checkLengths } from "../snapshot/part-lengths.ts";
import type { StoredBlob } from "../storage/blob.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { keptBy } from "./keep.ts";
import { readLatest } from "./latest.ts";
import { type RunManifest, readManifests, type UnreadableRun } from "./run-manifest.ts";
import { isMisdated } from "./stored-runs.ts";

/** The folder of a failed run is cleared when nothing was written to it for this long. */
const FAILED_FOR_MS = DAY;

/** What becomes of a run's folder. */
export interface PlannedFolder {
  readonly folder: RunFolder;
  /**
   * - `snapshot`: a committed run.
   * - `pruned`: one that was pruned and whose blobs are not all gone.
   * - `failed`: a run that left no manifest.
   */
  readonly kind: "snapshot" | "pruned" | "failed";
  /** Paths of the blobs that a run writes, besides its manifest and what is left of a pruned run. */
  readonly blobs: readonly string[];
  /** Of these blobs: what deleting them frees. */
  readonly bytes: number;
  /** Why it stays, in words: the rules that keep it, or what else does. Empty: it is deleted. */
  readonly keptBy: readonly string[];
}

/** A folder as listing shows it. */
interface StoredFolder extends Omit<PlannedFolder, "keptBy"> {
  readonly stored: readonly StoredBlob[];
}

/**
 * Finds out which folders of a tenant the rules keep, newest first. Changes nothing. What is not mentioned in it was pruned
 * already.
 *
 * Rules choose among whole snapshots. Whatever they say, these stay: the run that `latest.json` points at, the newest whole
 * one, on which the next run builds, and runs that are damaged or dated later than they were written.
 *
 * Requests: the listing, and one for each manifest, eight at a time.
 *
 * @param nowMs the present, by the storage's clock or one that was checked against it; folders of failed runs are deleted a day after the last write
 * @throws {RollcallError} `manifest-unsupported` if a later Rollcall wrote `latest.json`, and the storage's errors
 */
export async function planPrune(
  container: Container,
  tenantId: string,
  rules: KeepRules,
  nowMs: number,
): Promise<readonly PlannedFolder[]> {
  const folders = await listFolders(container, tenantId);
  const latest = await latestRun(container, tenantId);
  const { whole, others, successors } = await readSnapshots(container, tenantId, folders);
  const kept = keptBy(whole, rules);
  return folders
    .filter(({ kind, blobs }) => kind === "snapshot" || blobs.length > 0)
    .map(({ stored, ...planned }) => {
      const { kind, folder } = planned;
      const { runId } = folder;
      const isFailed = kind === "failed";
      const reasons = [
        ...(kept.get(runId) ?? []),
        ...whyLatest(runId, latest, whole[0]),
        ...(others.get(runId) ?? []),
        // Somebody removed its manifest, and may want to put it back.
        ...(isFailed && successors.has(runId) ? [`run ${successors.get(runId)} built on it`] : []),
        ...(isFailed && isYoung(stored, nowMs) ? ["younger than a day"] : []),
      ];
      return { ...planned, keptBy: reasons };
    });
}

/** What manifests say. */
interface Findings {
  /** Ids of the runs among which rules choose, newest first. */
  readonly whole: readonly string[];
  /** Of other committed runs: why no rule may choose them, nor let them go. */
  readonly others: ReadonlyMap<string, readonly string[]>;
  /** By the run that they built on, also of runs that were pruned. */
  readonly successors: ReadonlyMap<string, string>;
}

async function readSnapshots(
  container: Container,
  tenantId: string,
  folders: readonly StoredFolder[],
): Promise<Findings> {
  const byRun = new Map(folders.map((found) => [found.folder.runId, found]));
  const pruned = new Set(folders.filter(({ kind }) => kind === "pruned").map(({ folder }) => folder.runId));
  const hasFailed = folders.some(({ kind }) => kind === "failed");
  const wanted = folders.filter(({ kind }) => kind === "snapshot" || (kind === "pruned" && hasFailed));
  const runs = wanted.map(({ folder }) => folder.runId);
  const whole: string[] = [];
  const others = new Map<string, readonly string[]>();
  const successors = new Map<string, string>();
  for await (const run of readManifests(container, tenantId, runs, pruned)) {
    const { runId } = run;
    if (!("error" in run) && run.manifest.previous) successors.set(run.manifest.previous.runId, runId);
    const found = byRun.get(runId);
    if (!found || found.kind === "pruned") continue;
    const why = whyNotCounted(found, run);
    if (why === undefined) whole.push(runId);
    else others.set(runId, [why]);
  }
  return { whole, others, successors };
}

/** Newest first. */
async function listFolders(container: Container, tenantId: string): Promise<readonly StoredFolder[]> {
  const byRun = new Map<string, { readonly folder: RunFolder; readonly stored: StoredBlob[] }>();
  for await (const blob of container.list(`${tenantFolder(tenantId)}/date=`)) {
    const folder = folderOfBlob(tenantId, blob.path);
    if (!folder || Number.isNaN(runTimeMs(folder.runId))) continue;
    const found = byRun.get(folder.runId) ?? { folder, stored: [] };
    found.stored.push(blob);
    byRun.set(folder.runId, found);
  }
  return [...byRun.values()].map(asStoredFolder).sort(newestFirst);
}

function asStoredFolder(found: {
  readonly folder: RunFolder;
  readonly stored: readonly StoredBlob[];
}): StoredFolder {
  const { folder, stored } = found;
  const has = (wanted: string) => stored.some(({ path }) => path === wanted);
  const left = prunedManifestPath(folder);
  const kind = has(manifestPath(folder)) ? "snapshot" : has(left) ? "pruned" : "failed";
  const stays = kind === "failed" ? [] : [manifestPath(folder), left, signaturePath(folder)];
  const goes = stored.filter(({ path }) => isOfRun(path) && !stays.includes(path));
  const bytes = goes.reduce((sum, blob) => sum + blob.bytes, 0);
  return { folder, kind, blobs: goes.map(({ path }) => path), bytes, stored };
}

function newestFirst(one: StoredFolder, other: StoredFolder): number {
  return one.folder.runId < other.folder.runId ? 1 : -1;
}

/** Why a committed run is not one that rules choose among; `undefined` if it is. */
function whyNotCounted(
  { folder, stored }: StoredFolder,
  run: RunManifest | UnreadableRun,
): string | undefined {
  if ("error" in run) return "cannot be read";
  const blobs = new Map(stored.map(({ path, bytes }) => [path, bytes]));
  const committedMs = stored.find(({ path }) => path === manifestPath(folder))?.modifiedMs ?? 0;
  if (isMisdated({ folder, committedMs, blobs })) return "misdated";
  try {
    checkLengths(folder, run.manifest.parts, blobs);
    return undefined;
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return "damaged";
  }
}

/** `latest.json` ought to point at the newest whole run; it stays where it does not, and so does the other. */
function whyLatest(runId: string, latest: string | undefined, newest: string | undefined): readonly string[] {
  if (runId === latest) return [runId === newest ? "latest" : "latest.json"];
  return runId === newest ? ["newest"] : [];
}

function isYoung(stored: readonly StoredBlob[], nowMs: number): boolean {
  return Math.max(...stored.map(({ modifiedMs }) => modifiedMs)) > nowMs - FAILED_FOR_MS;
}

/** The run that `latest.json` points at; `undefined` if it is missing or damaged. */
async function latestRun(container: Container, tenantId: string): Promise<string | undefined> {
  try {
    return (await readLatest(container, tenantId))?.runId;
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return undefined;
  }
}
