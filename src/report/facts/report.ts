import type { LastRun, RunManifest, StoredSnapshot, UnreadableRun } from "../../archive/snapshots.ts";
import type { SignatureFinding } from "../../signature/verify-signature.ts";
import type { ChangeHighlights } from "./change-highlights.ts";
import type { RunFacts } from "./run-facts.ts";

/** Everything that goes into a report. */
export interface Report {
  /** The run that it is about. */
  readonly snapshot: Pick<StoredSnapshot, "folder" | "manifest" | "manifestSha256" | "isLatest">;
  /** Counts of that run's users. */
  readonly facts: RunFacts;
  /** That run and the ones before it, newest first. */
  readonly history: readonly (RunManifest | UnreadableRun)[];
  /** That run and those of the four weeks before it that can be read, newest first: what is usual. */
  readonly weeks: readonly RunManifest[];
  /** `null` where the run does not say what changed. */
  readonly highlights: ChangeHighlights | null;
  /** What that run's signature is found to be, as far as that can be told without a key. */
  readonly signature: SignatureFinding;
  /** How the last run ended, perhaps a later one; `undefined` if nothing is known. */
  readonly lastRun: LastRun | undefined;
  /** When the report is written, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
}
