import type { ChangesEntry } from "../changes/entry.ts";
import { RollcallError } from "../error.ts";
import { openSnapshot, type Snapshot } from "../snapshot/reader.ts";
import type { UnreadableRun } from "../snapshot/run-summary.ts";
import type { Container } from "../storage/container.ts";
import { type RunFacts, readRunFacts } from "./run-facts.ts";

/** A run and its facts. */
export interface RunRecord {
  readonly runId: string;
  readonly snapshot: Snapshot;
  readonly facts: RunFacts;
  /** What changed since the run before; `null` where the run did not say. */
  readonly changes: ChangesEntry | null;
}

/**
 * Reads whole runs, one at a time. A damaged one does not hide the others.
 *
 * @param runs ids; the answers come in their order
 * @throws {RollcallError} the storage's errors
 */
export async function* readRecords(
  container: Container,
  tenantId: string,
  runs: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<RunRecord | UnreadableRun, void, undefined> {
  for (const runId of runs) {
    try {
      yield await readRecord(container, await openSnapshot(container, tenantId, runId), signal);
    } catch (error) {
      if (!(error instanceof RollcallError) || !isOfTheRun(error)) throw error;
      yield { runId, error: error.toJSON() };
    }
  }
}

/**
 * Reads a run.
 *
 * @throws {RollcallError} as `readRunFacts`
 */
export async function readRecord(
  container: Container,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<RunRecord> {
  const facts = await readRunFacts(container, snapshot, signal);
  return { runId: snapshot.folder.runId, snapshot, facts, changes: snapshot.manifest.changes };
}

/** A run that was deleted after it was listed is reported as well. */
function isOfTheRun({ code }: RollcallError): boolean {
  return code === "snapshot-damaged" || code === "manifest-unsupported" || code === "snapshot-not-found";
}
