import { damaged } from "../snapshot/damaged.ts";
import { manifestPath } from "../snapshot/layout.ts";
import { committedRuns, openSnapshot, requireManifest } from "../snapshot/reader.ts";
import type { UnreadableRun } from "../snapshot/run-summary.ts";
import { sha256Of } from "../snapshot/sha256.ts";
import type { Container } from "../storage/container.ts";
import { readHighlights } from "./change-highlights.ts";
import type { Report } from "./report.ts";
import { type RunRecord, readRecord, readRecords } from "./run-record.ts";

/** What {@link makeReport} takes. */
export interface ReportOptions {
  /** As for `openSnapshot`. */
  readonly run: string | undefined;
  /** Most runs in the history, including the one the report is about. */
  readonly last: number;
  readonly signal: AbortSignal;
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
  container: Container,
  tenantId: string,
  { run: wanted, last, signal, nowMs }: ReportOptions,
): Promise<Report> {
  const snapshot = await openSnapshot(container, tenantId, wanted);
  const { folder, manifest } = snapshot;
  const { bytes } = await requireManifest(container, folder);
  const run = await readRecord(container, snapshot, signal);
  if (run.facts.users !== manifest.completeness.unique) {
    throw damaged(manifestPath(folder), "its parts hold a different number of users than it says");
  }
  const highlights = run.changes && (await readHighlights(container, folder, run.changes, signal));
  const earlier = (await committedRuns(container, tenantId)).filter((runId) => runId < run.runId);
  const history: (RunRecord | UnreadableRun)[] = [run];
  const before = readRecords(container, tenantId, earlier.slice(0, last - 1), signal);
  for await (const record of before) history.push(record);
  return {
    run,
    history,
    highlights,
    manifestSha256: sha256Of(bytes),
    nowMs,
  };
}
