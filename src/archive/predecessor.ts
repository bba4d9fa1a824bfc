import { FIRST_RUN } from "../changes/changes-since-previous.ts";
import { RollcallError } from "../error.ts";
import { type Completeness, showsCountOffered } from "../snapshot/completeness.ts";
import { latestContradictions } from "../snapshot/contradictions.ts";
import { folderOf, latestPath } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { warning } from "../warning.ts";
import { inspectLatest, type LatestBlob, ofLaterRollcall } from "./latest.ts";
import { type Damage, MAX_RUNS, newestWhole, openOrDamage } from "./newest-whole.ts";
import { requireSigned, type SignatureDemand } from "./signature-check.ts";
import { isMisdated, openManifest, type StoredRun, storedRun, type WholeRun } from "./stored-runs.ts";
import { isUnreadable } from "./unreadable.ts";

/** The largest count that is believed, see `readCount`. */
const MOST_USERS = 999_999_999;

/** What is known from earlier runs. */
export type Predecessor = Foundation & {
  /** Users that the guard compares with; `undefined` if nothing says how many there were. */
  readonly users: number | undefined;
  /**
   * Whether any readable manifest, whole or not, shows that the tenant offers a count; `undefined` if there are snapshots
   * but none can be read.
   */
  readonly countOffered: boolean | undefined;
  /** Problems that were found, for the manifest. */
  readonly warnings: readonly string[];
};

/** The newest whole snapshot's manifest; or why there is none: {@link FIRST_RUN}, or a clause. */
export type Foundation =
  | {
      readonly manifest: Manifest;
      /** Lower-case hex SHA-256 of the manifest's bytes. */
      readonly manifestSha256: string;
      readonly whyNone: null;
    }
  | { readonly manifest: undefined; readonly whyNone: string };

/**
 * Finds the snapshot that a run builds on: the newest whole one, by listing. `latest.json` is only checked against it. So
 * the guard stays on, and leavers are reported once, whatever happens to that one blob.
 *
 * Damaged runs are skipped, at most 30 of them, and so are runs that are dated later than they were written. Their
 * manifests still count as evidence of the number of users and of a count: damage must not turn off these checks.
 *
 * @param nowMs by the run's clock, which has been checked
 * @throws {RollcallError} `manifest-unsupported` if a later Rollcall wrote the newest run or `latest.json`;
 *   `predecessor-unsigned` and `verification-key-unusable` as {@link requireSigned}; and the storage's errors
 */
export async function findPredecessor(
  container: Container,
  tenantId: string,
  nowMs: number,
  demand: SignatureDemand,
): Promise<Predecessor> {
  const found = await inspectLatest(container, tenantId);
  const { misdated, damages, ...newest } = await readable(newestWhole(container, tenantId, nowMs));
  const seen = [...misdated, ...damages.map(({ run }) => run)];
  const whole = newest.whole ?? (await readable(runOfLatest(container, tenantId, found, seen)));
  const accepted = whole ? await requireSigned(container, whole, demand) : [];
  const evidence = await completenessOf(container, [...damages.map(({ run }) => run), ...misdated]);
  const all = [...(whole ? [whole.manifest.completeness] : []), ...evidence];
  const hasTraces = found.etag !== undefined || misdated.length + damages.length > 0;
  const repair = latestProblem(found, whole, misdated, damages);
  return {
    ...(whole
      ? { manifest: whole.manifest, manifestSha256: sha256Of(whole.bytes), whyNone: null }
      : { manifest: undefined, whyNone: reasonForNone(found, misdated, damages) }),
    users: all[0]?.unique ?? usersOfLatest(found),
    countOffered: all.length > 0 || !hasTraces ? all.some(showsCountOffered) : undefined,
    warnings: [
      ...(repair === undefined ? [] : [warning("latest-repaired", repair)]),
      ...accepted,
      ...misdatedWarning(misdated),
      ...damages.map(({ run: { folder }, problem }) =>
        warning("predecessor-damaged", `run ${folder.runId} is damaged and was skipped: ${problem}`),
      ),
    ],
  };
}

/** What was found, unless a later Rollcall wrote it: a run then says why it stops. */
async function readable<T>(search: Promise<T>): Promise<T> {
  try {
    return await search;
  } catch (error) {
    if (!(error instanceof RollcallError) || error.code !== "manifest-unsupported") throw error;
    throw ofLaterRollcall(error, "If the snapshot is a leftover, move its folder away.");
  }
}

/** The run that `latest.json` points at, if listing did not get that far, for example past 100 dates of killed runs. */
async function runOfLatest(
  container: Container,
  tenantId: string,
  { latest }: LatestBlob,
  seen: readonly StoredRun[],
): Promise<WholeRun | undefined> {
  if (!latest || seen.some(({ folder }) => folder.runId === latest.runId)) return undefined;
  const run = await storedRun(container, folderOf(tenantId, latest.runId));
  if (!run || isMisdated(run)) return undefined;
  const opened = await openOrDamage(container, run);
  return "problem" in opened ? undefined : opened;
}

/** What sound manifests say, even if their parts are damaged or their dates wrong; in the order of the runs. */
async function completenessOf(
  container: Container,
  runs: readonly StoredRun[],
): Promise<readonly Completeness[]> {
  const found: Completeness[] = [];
  for (const run of runs.slice(0, MAX_RUNS)) {
    try {
      found.push((await openManifest(container, run)).manifest.completeness);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }
  return found;
}

/** The number of users in `latest.json`, if it is plausible. */
function usersOfLatest({ latest }: LatestBlob): number | undefined {
  return latest && latest.users > 0 && latest.users <= MOST_USERS ? latest.users : undefined;
}

/** What is wrong with `latest.json`; `undefined` if it points at the newest whole run, or there is no run at all. */
function latestProblem(
  found: LatestBlob,
  whole: WholeRun | undefined,
  misdated: readonly StoredRun[],
  damages: readonly Damage[],
): string | undefined {
  const { latest } = found;
  if (!latest) {
    const isFirst = found.etag === undefined && !whole && misdated.length + damages.length === 0;
    return isFirst ? undefined : `latest.json was not usable: ${found.problem}`;
  }
  if (latest.runId === whole?.folder.runId) {
    const [finding] = latestContradictions(latest, whole.folder, whole.manifest, sha256Of(whole.bytes));
    if (!finding) return undefined;
    return finding.blob === latestPath(whole.folder.tenantId)
      ? "latest.json did not agree with the manifest that it pointed at"
      : "latest.json had a different SHA-256 from the manifest that it pointed at";
  }
  const pointed = `latest.json pointed at run ${latest.runId}`;
  if (misdated.some(({ folder }) => folder.runId === latest.runId)) return `${pointed}, which is misdated`;
  if (damages.some(({ run }) => run.folder.runId === latest.runId)) return `${pointed}, which is damaged`;
  if (whole && latest.runId < whole.folder.runId) return `${pointed}; run ${whole.folder.runId} is newer`;
  return `${pointed}, which does not exist`;
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
  const written = new Date(newest.committedMs).toISOString();
  // All are named: `verify --chain` asks which runs stand beside the chain for a reason.
  const more = others.map(({ folder }) => `, and so was run ${folder.runId}`).join("");
  return [
    warning(
      "run-in-future",
      `run ${newest.folder.runId} was written at ${written}, by a machine whose clock was wrong; it was skipped${more}`,
    ),
  ];
}
