import type { UnreadableRun } from "../archive/snapshots.ts";
import { isUnreadable, type Snapshots, type StoredSnapshot } from "../archive/snapshots.ts";
import { RollcallError } from "../error.ts";
import type { ChangesEntry } from "../snapshot/manifest.ts";
import { type RunFacts, readRunFacts } from "./run-facts.ts";

/** A run and its facts. */
export interface RunRecord {
  readonly runId: string;
  readonly snapshot: StoredSnapshot;
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
  snapshots: Snapshots,
  runs: readonly string[],
): AsyncGenerator<RunRecord | UnreadableRun, void, undefined> {
  for (const runId of runs) {
    try {
      yield await readRecord(await snapshots.open(runId));
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
export async function readRecord(snapshot: StoredSnapshot): Promise<RunRecord> {
  const facts = await readRunFacts(snapshot);
  return { runId: snapshot.folder.runId, snapshot, facts, changes: snapshot.manifest.changes };
}

/** A run that was deleted after it was listed is reported as well. */
function isOfTheRun(error: RollcallError): boolean {
  return error.code === "snapshot-not-found" || isUnreadable(error);
}
