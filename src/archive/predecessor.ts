import { FIRST_RUN } from "../changes/changes-since-previous.ts";
import { type Completeness, tellsOfCount } from "../snapshot/completeness.ts";
import { latestContradictions } from "../snapshot/contradictions.ts";
import { folderOf, latestPath } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { warning } from "../warning.ts";
import { type LatestBlob, lookAtLatest, ofLaterRollcall } from "./latest.ts";
import {
  isMisdated,
  newestRuns,
  openManifest,
  openWholeRun,
  type StoredRun,
  storedRun,
  type WholeRun,
} from "./stored-runs.ts";
import { isUnreadable } from "./unreadable.ts";

/** Runs whose manifests are read in search of a whole one: a month of nights. */
const MAX_RUNS = 30;

/** More than any count that is believed, see `readCount`. */
const MOST_USERS = 999_999_999;

/** A run that cannot be built on. */
interface Damage {
  readonly run: StoredRun;
  /** A clause without a full stop. */
  readonly problem: string;
}

/** What a run builds on. */
export type Predecessor = Foundation & {
  /** Users that the guard compares with; `undefined` when nothing tells of any. */
  readonly users: number | undefined;
  /**
   * Whether the tenant is known to offer a count, by any manifest that can be read, whole or not; `undefined` where there
   * were snapshots and none can be read.
   */
  readonly countOffered: boolean | undefined;
  /** What was found wrong on the way, for the manifest. */
  readonly warnings: readonly string[];
};

/** The newest whole snapshot's manifest; where there is none, why: {@link FIRST_RUN}, or a clause. */
export type Foundation =
  | {
      readonly manifest: Manifest;
      /** Lower-case hex SHA-256 of the manifest's bytes. */
      readonly manifestSha256: string;
      readonly whyNone: null;
    }
  | { readonly manifest: undefined; readonly whyNone: string };

/**
 * Finds the snapshot that a run builds on: the newest whole one, by listing. `latest.json` is only held against it, so
 * that whatever has become of that one blob, the guard stays on and leavers are told once.
 *
 * A run that is damaged is passed over, 30 of them at the most; so is one that is dated later than it was written. What
 * their manifests tell of the users and of a count still holds: damage must not turn off what a run is held to.
 *
 * @param nowMs by the run's clock, which has been checked
 * @throws {RollcallError} `manifest-unsupported` when the newest run or `latest.json` is of a later Rollcall, and the
 *   storage's errors
 */
export async function findPredecessor(
  container: Container,
  tenantId: string,
  nowMs: number,
): Promise<Predecessor> {
  const found = await lookAtLatest(container, tenantId);
  const misdated: StoredRun[] = [];
  const damages: Damage[] = [];
  let whole: WholeRun | undefined;
  for await (const run of newestRuns(container, tenantId, nowMs)) {
    if (isMisdated(run)) {
      misdated.push(run);
      continue;
    }
    const opened = await openOrTell(container, run);
    if (!("problem" in opened)) {
      whole = opened;
      break;
    }
    damages.push(opened);
    if (damages.length === MAX_RUNS) break;
  }
  whole ??= await runOfLatest(container, tenantId, found, [...misdated, ...damages.map(({ run }) => run)]);
  const told = await completenessOf(container, [...damages.map(({ run }) => run), ...misdated]);
  const all = [...(whole ? [whole.manifest.completeness] : []), ...told];
  const hasTraces = found.etag !== undefined || misdated.length + damages.length > 0;
  const repair = latestProblem(found, whole, misdated, damages);
  return {
    ...(whole
      ? { manifest: whole.manifest, manifestSha256: sha256Of(whole.bytes), whyNone: null }
      : { manifest: undefined, whyNone: reasonForNone(found, misdated, damages) }),
    users: all[0]?.unique ?? usersOfLatest(found),
    countOffered: all.length > 0 || !hasTraces ? all.some(tellsOfCount) : undefined,
    warnings: [
      ...(repair === undefined ? [] : [warning("latest-repaired", repair)]),
      ...misdatedWarning(misdated),
      ...damages.map(({ run: { folder }, problem }) =>
        warning("predecessor-damaged", `run ${folder.runId} is damaged and was passed over: ${problem}`),
      ),
    ],
  };
}

async function openOrTell(container: Container, run: StoredRun): Promise<WholeRun | Damage> {
  try {
    return await openWholeRun(container, run);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    if (error instanceof SnapshotDamaged) return { run, problem: `${error.doing}: ${error.problem}` };
    throw ofLaterRollcall(error, "If the snapshot is a leftover, move its folder away.");
  }
}

/** The run at which `latest.json` points, where listing did not come so far: behind a hundred dates of killed runs. */
async function runOfLatest(
  container: Container,
  tenantId: string,
  { latest }: LatestBlob,
  seen: readonly StoredRun[],
): Promise<WholeRun | undefined> {
  if (!latest || seen.some(({ folder }) => folder.runId === latest.runId)) return undefined;
  const run = await storedRun(container, folderOf(tenantId, latest.runId));
  if (!run || isMisdated(run)) return undefined;
  const opened = await openOrTell(container, run);
  return "problem" in opened ? undefined : opened;
}

/** What sound manifests tell, although their parts are damaged or their dates are wrong; in the order of the runs. */
async function completenessOf(
  container: Container,
  runs: readonly StoredRun[],
): Promise<readonly Completeness[]> {
  const told: Completeness[] = [];
  for (const run of runs.slice(0, MAX_RUNS)) {
    try {
      told.push((await openManifest(container, run)).manifest.completeness);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }
  return told;
}

/** What `latest.json` says, where nothing else tells; not a number that no directory has. */
function usersOfLatest({ latest }: LatestBlob): number | undefined {
  return latest && latest.users > 0 && latest.users <= MOST_USERS ? latest.users : undefined;
}

/** What is wrong with `latest.json`; `undefined` when it points at the newest whole run, or there is no run at all. */
function latestProblem(
  found: LatestBlob,
  whole: WholeRun | undefined,
  misdated: readonly StoredRun[],
  damages: readonly Damage[],
): string | undefined {
  const { latest } = found;
  if (!latest) {
    const isFirst = found.etag === undefined && !whole && misdated.length + damages.length === 0;
    return isFirst ? undefined : `latest.json was of no use: ${found.problem}`;
  }
  if (latest.runId === whole?.folder.runId) {
    const [finding] = latestContradictions(latest, whole.folder, whole.manifest, whole.bytes);
    if (!finding) return undefined;
    return finding.blob === latestPath(whole.folder.tenantId)
      ? "latest.json did not agree with the manifest at which it pointed"
      : "latest.json had another SHA-256 than that of the manifest at which it pointed";
  }
  const pointed = `latest.json pointed at run ${latest.runId}`;
  if (misdated.some(({ folder }) => folder.runId === latest.runId)) return `${pointed}, which is misdated`;
  if (damages.some(({ run }) => run.folder.runId === latest.runId)) return `${pointed}, which is damaged`;
  if (whole && latest.runId < whole.folder.runId) return `${pointed}; run ${whole.folder.runId} is newer`;
  return `${pointed}, which is not there`;
}

function reasonForNone(
  found: LatestBlob,
  misdated: readonly StoredRun[],
  damages: readonly unknown[],
): string {
  const hasTraces = found.etag !== undefined || misdated.length + damages.length > 0;
  return hasTraces ? "no earlier snapshot is whole and properly dated" : FIRST_RUN;
}

function misdatedWarning(misdated: readonly StoredRun[]): readonly string[] {
  const [newest, ...others] = misdated;
  if (!newest) return [];
  const more = others.length === 0 ? "" : ` (as are ${others.length} more)`;
  const written = new Date(newest.committedMs).toISOString();
  return [
    warning(
      "run-in-future",
      `run ${newest.folder.runId} was written at ${written}${more}, by a machine whose clock was wrong; it is passed over`,
    ),
  ];
}
