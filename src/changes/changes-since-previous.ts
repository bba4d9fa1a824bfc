import { SECOND } from "../clock.ts";
import { startDeadline } from "../deadline.ts";
import { asRollcallError, type RollcallError } from "../error.ts";
import { folderOf } from "../snapshot/layout.ts";
import type { ChangesEntry, Manifest } from "../snapshot/manifest.ts";
import type { PartEntry } from "../snapshot/part.ts";
import type { Run } from "../snapshot/run.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { warning } from "../warning.ts";
import { type Side, snapshotSide, storedSide } from "./side.ts";
import { writeChanges } from "./write-changes.ts";

/** Time that is kept for the commit: a few small requests, with retries. */
const COMMIT_RESERVE_MS = 20 * SECOND;

/** What a manifest says of changes. Disposing takes back the parts of the changes, unless they are kept. */
export interface ChangesOutcome extends AsyncDisposable {
  readonly changes: ChangesEntry | null;
  /** Why there are no changes: `first run`, or a clause; `null` where there are. */
  readonly changesSkipped: string | null;
  readonly warnings: readonly string[];
  /** To be called before the commit: once a manifest may exist, its parts must stay. */
  keep(): void;
}

/** What a run that has listed its users compares. */
export interface ChangesOptions {
  /** Whether changes are wanted. */
  readonly enabled: boolean;
  /** The snapshot that the run builds on; where there is none, why, and whether that was to be expected. */
  readonly previous: { readonly manifest: Manifest | undefined; readonly whyNone: string | null };
  /** Of the new snapshot, in the order of its lines. */
  readonly properties: readonly string[];
  /** Of the new snapshot: written, and not committed yet. */
  readonly parts: readonly PartEntry[];
}

/** Why the first run has nothing to build on. */
export const FIRST_RUN = "first run";

/**
 * Writes what changed since the previous snapshot. This never costs the new snapshot: if the previous one cannot be read,
 * the changes cannot be written or time runs short, there are none. The outcome says why, and no part of them is left.
 *
 * @throws only the signal's reason, and `snapshot-damaged` when a part of the new snapshot is not what was sent: it must
 *   not be published
 */
export async function changesSincePrevious(
  run: Run,
  { enabled, previous, properties, parts }: ChangesOptions,
): Promise<ChangesOutcome> {
  if (!enabled) return skipped("turned off by ROLLCALL_CHANGES", true);
  const { manifest, whyNone } = previous;
  if (!manifest) return skipped(whyNone ?? FIRST_RUN, whyNone === FIRST_RUN);
  const budgetMs = run.deadlineMs - run.clock.elapsed() - COMMIT_RESERVE_MS;
  if (budgetMs <= 0) return skipped("no time was left to compare with the snapshot before");
  using deadline = startDeadline(budgetMs, run.signal);
  const reading = run.container.withSignal(deadline.signal);
  const folder = folderOf(manifest.tenantId, manifest.runId);
  const before = snapshotSide(reading, { folder, manifest });
  const after = watched(storedSide(reading, { folder: run.folder, properties, parts }));
  try {
    const { entry, discard } = await writeChanges(reading, before, after.side, {
      signal: deadline.signal,
      maxPartBytes: run.maxPartBytes,
    });
    return outcome(entry, null, [], discard);
  } catch (error) {
    run.signal.throwIfAborted();
    if (after.damage() !== undefined) throw after.damage();
    if (deadline.signal.aborted) return skipped("the time budget was too short for the comparison");
    return skipped(reasonFor(asRollcallError(error), manifest.runId));
  }
}

function skipped(why: string, isExpected = false): ChangesOutcome {
  return outcome(null, why, isExpected ? [] : [warning("changes-skipped", why)]);
}

function outcome(
  changes: ChangesEntry | null,
  changesSkipped: string | null,
  warnings: readonly string[],
  discard?: () => Promise<void>,
): ChangesOutcome {
  let isKept = false;
  return {
    changes,
    changesSkipped,
    warnings,
    keep: () => {
      isKept = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (!isKept) await discard?.().catch(() => undefined);
    },
  };
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
