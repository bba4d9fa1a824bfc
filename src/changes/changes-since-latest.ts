import type { Clock } from "../clock.ts";
import { SECOND } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import { asRollcallError, type RollcallError } from "../error.ts";
import { folderOf, type RunFolder } from "../snapshot/layout.ts";
import type { ChangesEntry, Manifest } from "../snapshot/manifest.ts";
import type { PartEntry } from "../snapshot/part.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { type Side, snapshotSide, storedSide } from "./side.ts";
import { writeChanges } from "./write-changes.ts";

/** Time that is kept for the commit: a few small requests, with retries. */
const COMMIT_RESERVE_MS = 20 * SECOND;

/** What a manifest says of changes. */
export type ChangesOutcome =
  | { readonly changes: ChangesEntry; readonly changesSkipped: null }
  /** `changesSkipped` says why there are none: `first run`, or a clause. */
  | { readonly changes: null; readonly changesSkipped: string };

/** A snapshot whose parts are written but which is not committed yet. */
export interface NewSnapshot {
  readonly folder: RunFolder;
  /** In the order of the lines. */
  readonly properties: readonly string[];
  readonly parts: readonly PartEntry[];
}

/** What {@link changesSinceLatest} takes besides the snapshots. */
export interface ChangesSinceOptions {
  readonly clock: Clock;
  /** Ends the run. */
  readonly signal: AbortSignal;
  /** When the run must have ended, in milliseconds by {@link Clock.elapsed}. */
  readonly deadlineMs: number;
  /** A part is closed when it has this many compressed bytes; by default as for users. */
  readonly maxPartBytes?: number | undefined;
  /** Receives what deletes the written parts again, should the run fail before it is committed. */
  readonly undo?: AsyncDisposableStack;
}

/**
 * Writes what changed since the last snapshot. This never costs the new snapshot: if the last one cannot be read, the
 * changes cannot be written or time runs short, there are none. The outcome says why, and no part of them is left.
 *
 * @param previous the snapshot that the run builds on; `undefined` for the first run
 * @throws only the signal's reason, and `snapshot-damaged` when a part of the new snapshot is not what was sent: it must
 *   not be published
 */
export async function changesSinceLatest(
  container: Container,
  previous: Manifest | undefined,
  snapshot: NewSnapshot,
  { clock, signal, deadlineMs, maxPartBytes, undo }: ChangesSinceOptions,
): Promise<ChangesOutcome> {
  if (!previous) return { changes: null, changesSkipped: "first run" };
  const budgetMs = deadlineMs - clock.elapsed() - COMMIT_RESERVE_MS;
  if (budgetMs <= 0) return skipped("no time was left to compare with the snapshot before");
  using deadline = startDeadline(budgetMs, signal);
  const reading = container.withSignal(deadline.signal);
  const after = watched(storedSide(reading, snapshot));
  try {
    const folder = folderOf(previous.tenantId, previous.runId);
    const before = snapshotSide(reading, { folder, manifest: previous });
    const changes = await writeChanges(reading, before, after.side, {
      signal: deadline.signal,
      maxPartBytes,
      ...(undo && { undo }),
    });
    return { changes, changesSkipped: null };
  } catch (error) {
    signal.throwIfAborted();
    if (after.damage() !== undefined) throw after.damage();
    if (deadline.signal.aborted) return skipped("the time budget was too short for the comparison");
    return skipped(reasonFor(asRollcallError(error), previous.runId));
  }
}

function skipped(changesSkipped: string): ChangesOutcome {
  return { changes: null, changesSkipped };
}

function reasonFor(error: RollcallError, runId: string): string {
  const said = `${error.doing}: ${error.problem}`;
  if (error instanceof SnapshotDamaged) return `predecessor ${runId} fails verification: ${said}`;
  return `comparing with predecessor ${runId} failed (${error.code}): ${said}`;
}

/** A side, and the damage that reading it found. */
function watched(side: Side): { readonly side: Side; readonly damage: () => RollcallError | undefined } {
  let damage: RollcallError | undefined;
  async function* readBlocks(part: PartEntry): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* side.readBlocks(part);
    } catch (error) {
      if (error instanceof SnapshotDamaged) damage = error;
      throw error;
    }
  }
  return { side: { ...side, readBlocks }, damage: () => damage };
}
