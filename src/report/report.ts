import type { RunManifest, StoredSnapshot, UnreadableRun } from "../archive/snapshots.ts";
import type { ChangeHighlights } from "./change-highlights.ts";
import type { RunFacts } from "./run-facts.ts";

/** Everything that goes into a report. */
export interface Report {
  /** The run that it is about. */
  readonly snapshot: StoredSnapshot;
  /** Counts of that run's users. */
  readonly facts: RunFacts;
  /** That run and the ones before it, newest first. */
  readonly history: readonly (RunManifest | UnreadableRun)[];
  /** `null` where the run does not say what changed. */
  readonly highlights: ChangeHighlights | null;
  /** When the report is written, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}
