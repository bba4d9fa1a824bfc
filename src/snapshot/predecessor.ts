import { RollcallError } from "../error.ts";
import type { Container } from "../storage/container.ts";
import { warning } from "../warning.ts";
import { latestContradictions } from "./contradictions.ts";
import { type LatestBlob, lookAtLatest } from "./latest.ts";
import { latestPath } from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import {
  isMisdated,
  newestRuns,
  openManifest,
  openWholeRun,
  type StoredRun,
  type WholeRun,
} from "./stored-runs.ts";

/** Runs whose manifests are read in search of a whole one: a month of nights. */
const MAX_RUNS = 30;

/** Why the first run has nothing to build on. */
export const FIRST_RUN = "first run";

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
  /** What was found wrong on the way, for the manifest. */
  readonly warnings: readonly string[];
};

/** The newest whole snapshot's manifest; where there is none, why: {@link FIRST_RUN}, or a clause. */
export type Foundation =
  | { readonly manifest: Manifest; readonly whyNone: null }
  | { readonly manifest: undefined; readonly whyNone: string };

/**
 * Finds the snapshot that a run builds on: the newest whole one, by listing. `latest.json` is only held against it, so
 * that whatever has become of that one blob, the guard stays on and leavers are told once.
 *
 * A run that is damaged is passed over, 30 of them at the most; so is one that is dated later than it was written. When
 * none is whole, the guard still has the last count that anything tells of.
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
  const users =
    whole?.manifest.completeness.unique ?? (await lastKnownUsers(container, found, misdated, damages));
  const repair = latestProblem(found, whole, misdated, damages);
  return {
    ...(whole
      ? { manifest: whole.manifest, whyNone: null }
      : { manifest: undefined, whyNone: reasonForNone(found, misdated, damages) }),
    users,
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
    if (!(error instanceof RollcallError)) throw error;
    if (error.code === "snapshot-damaged") return { run, problem: `${error.doing}: ${error.problem}` };
    throw error.code === "manifest-unsupported" ? ofLaterRollcall(error) : error;
  }
}

/**
 * For the guard, where no snapshot is whole: what the newest sound manifest counted, although its parts are damaged or its
 * date is wrong; else what `latest.json` says.
 */
async function lastKnownUsers(
  container: Container,
  { latest }: LatestBlob,
  misdated: readonly StoredRun[],
  damages: readonly Damage[],
): Promise<number | undefined> {
  for (const run of [...damages.map((damage) => damage.run), ...misdated.slice(0, MAX_RUNS)]) {
    try {
      return (await openManifest(container, run)).manifest.completeness.unique;
    } catch (error) {
      const isUseless =
        error instanceof RollcallError && ["snapshot-damaged", "manifest-unsupported"].includes(error.code);
      if (!isUseless) throw error;
    }
  }
  return latest?.users || undefined;
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

function ofLaterRollcall({ doing, problem }: RollcallError): RollcallError {
  return new RollcallError("manifest-unsupported", {
    doing,
    problem,
    remedy:
      "Nothing was published: a later Rollcall takes snapshots here, and this one must not build on what it cannot read. " +
      "Run that version. If the snapshot is a leftover, move its folder away.",
  });
}
