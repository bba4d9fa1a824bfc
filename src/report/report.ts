import type { UnreadableRun } from "../archive/snapshots.ts";
import type { ChangeHighlights } from "./change-highlights.ts";
import type { RunRecord } from "./run-record.ts";

/** Everything that goes into a report. */
export interface Report {
  /** The run that it is about. */
  readonly run: RunRecord;
  /** That run and the ones before it, newest first. */
  readonly history: readonly (RunRecord | UnreadableRun)[];
  /** `null` where the run does not say what changed. */
  readonly highlights: ChangeHighlights | null;
  /** Lower-case hex SHA-256 of the manifest's bytes. */
  readonly manifestSha256: string;
  /** When the report is written, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}
