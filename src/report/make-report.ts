import type { Snapshots } from "../archive/snapshots.ts";
import { DAY } from "../clock.ts";
import { manifestPath, runTimeMs } from "../snapshot/layout.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { USUAL_DAYS } from "./attention/unusual-nights.ts";
import { readHighlights } from "./facts/change-highlights.ts";
import type { Report } from "./facts/report.ts";
import { type RunFacts, readRunFacts } from "./facts/run-facts.ts";

/** Of a tenant with more than two runs a night, the last ones tell what is usual. */
const MOST_IN_WEEKS = 60;

/** What {@link makeReport} takes. */
export interface ReportOptions {
  /** As for {@link Snapshots.open}. */
  readonly run: string | undefined;
  /** Most runs in the history, including the one the report is about. */
  readonly last: number;
  /** In milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Counts of the run's users; absent: they are read. */
  readonly facts?: RunFacts;
}

/**
 * Reads everything that goes into a report: the run and its changes, and the manifests of the runs before it.
 *
 * @throws {RollcallError} `snapshot-not-found`; `snapshot-damaged` and `manifest-unsupported` for the run itself, while
 *   damage to the manifests before it is part of the report
 */
export async function makeReport(
  snapshots: Snapshots,
  { run: wanted, last, nowMs, facts: counted }: ReportOptions,
): Promise<Report> {
  const snapshot = await snapshots.open(wanted);
  const { folder, manifest, manifestSha256 } = snapshot;
  const { runId } = folder;
  const facts = counted ?? (await readRunFacts(snapshot));
  if (facts.users !== manifest.completeness.unique) {
    throw new SnapshotDamaged(
      manifestPath(folder),
      "its parts hold a different number of users than it says",
    );
  }
  const departments = facts.departments?.largest.map(({ department }) => department) ?? [];
  const highlights = manifest.changes && (await readHighlights(snapshot, departments));
  const earlier = (await snapshots.runs()).filter((other) => other < runId);
  const fromMs = runTimeMs(runId) - USUAL_DAYS * DAY;
  const inWeeks = earlier.filter((other) => runTimeMs(other) >= fromMs).slice(0, MOST_IN_WEEKS).length;
  const before = await Array.fromAsync(snapshots.manifests(earlier.slice(0, Math.max(last - 1, inWeeks))));
  const runs = [{ runId, manifest, manifestSha256 }, ...before];
  return {
    snapshot,
    facts,
    history: runs.slice(0, last),
    weeks: runs.slice(0, 1 + inWeeks).filter((run) => "manifest" in run),
    highlights,
    signature: await snapshots.signatureForm(folder),
    lastRun: await snapshots.lastRun(),
    nowMs,
  };
}
