import type { Snapshots, UnreadableRun } from "../archive/snapshots.ts";
import { manifestPath } from "../snapshot/layout.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { readHighlights } from "./change-highlights.ts";
import type { Report } from "./report.ts";
import { type RunRecord, readRecord, readRecords } from "./run-record.ts";

/** What {@link makeReport} takes. */
export interface ReportOptions {
  /** As for {@link Snapshots.open}. */
  readonly run: string | undefined;
  /** Most runs in the history, including the one the report is about. */
  readonly last: number;
  /** In milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Reads everything that goes into a report: the run, its changes and the runs before it, one after another.
 *
 * @throws {RollcallError} `snapshot-not-found`; `snapshot-damaged` and `manifest-unsupported` for the run itself, while
 *   damage to the runs before it is part of the report
 */
export async function makeReport(
  snapshots: Snapshots,
  { run: wanted, last, nowMs }: ReportOptions,
): Promise<Report> {
  const snapshot = await snapshots.open(wanted);
  const { folder, manifest, manifestSha256 } = snapshot;
  const run = await readRecord(snapshot);
  if (run.facts.users !== manifest.completeness.unique) {
    throw new SnapshotDamaged(
      manifestPath(folder),
      "its parts hold a different number of users than it says",
    );
  }
  const highlights = run.changes && (await readHighlights(snapshot));
  const earlier = (await snapshots.runs()).filter((runId) => runId < run.runId);
  const history: (RunRecord | UnreadableRun)[] = [run];
  const before = readRecords(snapshots, earlier.slice(0, last - 1));
  for await (const record of before) history.push(record);
  return {
    run,
    history,
    highlights,
    manifestSha256,
    nowMs,
  };
}
