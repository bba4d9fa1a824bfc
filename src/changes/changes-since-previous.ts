import { SECOND } from "../clock.ts";
import { type Deadline, startDeadline } from "../deadline.ts";
import { asRollcallError, type RollcallError } from "../error.ts";
import { folderOf } from "../snapshot/layout.ts";
import type { ChangesEntry, Manifest } from "../snapshot/manifest.ts";
import type { PartEntry } from "../snapshot/part.ts";
import type { Run } from "../snapshot/run.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { warning } from "../warning.ts";
import { ChangeWatch, type WatchedChanges } from "./change-watch.ts";
import { ChangesWriter } from "./changes-writer.ts";
import { compareSnapshots } from "./compare.ts";
import { FingerprintTable } from "./fingerprint-table.ts";
import { compareSelections } from "./selection.ts";
import { type Side, snapshotSide, storedSide } from "./side.ts";

/** Time that is kept for the commit: a few small requests, with retries. */
const COMMIT_RESERVE_MS = 20 * SECOND;

/** Why the first run has nothing to build on. */
export const FIRST_RUN = "first run";

/** What a manifest says of changes. */
export interface ChangesOutcome {
  readonly changes: ChangesEntry | null;
  /** Why there are no changes: `first run`, or a clause; `null` where there are. */
  readonly changesSkipped: string | null;
  readonly warnings: readonly string[];
}

/** What a run compares. */
export interface ChangesOptions {
  /** Whether changes are wanted. */
  readonly enabled: boolean;
  /** The snapshot that the run builds on; where there is none, why. */
  readonly previous: { readonly manifest: Manifest | undefined; readonly whyNone: string | null };
  /** Of the new snapshot, in the order of its lines. */
  readonly properties: readonly string[];
}

/**
 * What changed since the previous snapshot. Its fingerprints are read while Graph is being asked, and users are compared
 * as they are listed; where there are none that fit, all rows of both snapshots are compared once the users are listed.
 *
 * This never costs the new snapshot: if the previous one cannot be read, the changes cannot be written or time runs short,
 * there are none. The outcome says why, and no part of them is left.
 */
export class ChangesSincePrevious implements AsyncDisposable {
  /** Ends in time for the commit. */
  readonly #run: Run;
  readonly #runSignal: AbortSignal;
  readonly #properties: readonly string[];
  /** `undefined` where there is nothing to compare with; then {@link #skipped} says why. */
  readonly #before: Side | undefined;
  readonly #skipped: ChangesOutcome | undefined;
  readonly #deadline: Deadline | undefined;
  /** The table, or why there is none; `undefined` where there is nothing to compare with. */
  readonly #fingerprints: Promise<FingerprintTable | string> | undefined;
  #watch: ChangeWatch | undefined;
  /** Why all rows have to be compared; `null` where they have not. */
  #fellBack: string | null = null;
  #discard: (() => Promise<void>) | undefined;

  /** Begins to read the previous snapshot's fingerprints. */
  constructor(run: Run, { enabled, previous, properties }: ChangesOptions) {
    this.#run = run;
    this.#runSignal = run.signal;
    this.#properties = properties;
    const { manifest, whyNone } = previous;
    const budgetMs = run.deadlineMs - run.clock.elapsed() - COMMIT_RESERVE_MS;
    if (!enabled) this.#skipped = skipped("turned off by ROLLCALL_CHANGES", true);
    else if (!manifest) this.#skipped = skipped(whyNone ?? FIRST_RUN, whyNone === FIRST_RUN);
    else if (budgetMs <= 0) this.#skipped = skipped("no time was left to compare with the previous snapshot");
    if (this.#skipped || !manifest) return;
    this.#deadline = startDeadline(budgetMs, run.signal);
    const { signal } = this.#deadline;
    const container = run.container.withSignal(signal);
    this.#run = { ...run, signal, container };
    const folder = folderOf(manifest.tenantId, manifest.runId);
    this.#before = snapshotSide(container, { folder, manifest });
    this.#fingerprints = readTable(this.#before, properties);
  }

  /** For a listing that begins, or begins again; `undefined` where users cannot be compared while they are listed. */
  async watch(): Promise<ChangeWatch | undefined> {
    await this.#giveUpWatch();
    const table = await this.#fingerprints;
    if (!this.#before || table === undefined) return undefined;
    if (typeof table === "string") {
      this.#fellBack = table;
      return undefined;
    }
    table.forgetSeen();
    this.#watch = new ChangeWatch(this.#run, this.#before, table);
    return this.#watch;
  }

  /**
   * Writes what is not written yet.
   *
   * @param parts of the new snapshot: written, and not committed yet
   * @throws only the signal's reason, and `snapshot-damaged` when a part of the new snapshot is not what was sent: it must
   *   not be published
   */
  async finish(parts: readonly PartEntry[]): Promise<ChangesOutcome> {
    const before = this.#before;
    if (!before) return this.#skipped ?? skipped(FIRST_RUN, true);
    const { folder, container } = this.#run;
    const after = watched(storedSide(container, { folder, properties: this.#properties, parts }));
    try {
      const watched = await this.#finishWatch();
      const changes = watched ?? (await this.#compareAll(before, after.side));
      const { notCompared } = compareSelections(before.properties, this.#properties);
      const comparedBy = watched ? "fingerprints" : "rows";
      const fellBack = this.#fellBack;
      const entry = { against: before.folder.runId, ...changes, notCompared, comparedBy, fellBack } as const;
      return { changes: entry, changesSkipped: null, warnings: [] };
    } catch (error) {
      await this.#discardAll();
      this.#runSignal.throwIfAborted();
      if (after.damage() !== undefined) throw after.damage();
      if (this.#deadline?.signal.aborted) return skipped("the time budget was too short for the comparison");
      return skipped(reasonFor(asRollcallError(error), before.folder.runId));
    }
  }

  /** To be called before the commit: once a manifest may exist, its parts must stay. */
  keep(): void {
    this.#discard = undefined;
    this.#watch = undefined;
  }

  /** Takes back the parts of the changes, unless they are kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#discardAll();
    this.#deadline?.[Symbol.dispose]();
  }

  /** `undefined` where the rows have to be compared. */
  async #finishWatch(): Promise<WatchedChanges | undefined> {
    try {
      return await this.#watch?.finish();
    } catch (error) {
      // What contradicts the fingerprints may still be whole in itself.
      if (!(error instanceof SnapshotDamaged)) throw error;
      this.#fellBack = `${error.doing}: ${error.problem}`;
      await this.#giveUpWatch();
      return undefined;
    }
  }

  async #compareAll(before: Side, after: Side): Promise<WatchedChanges> {
    const writer = new ChangesWriter(this.#run);
    this.#discard = () => writer.discard();
    const { signal } = this.#run;
    // Without its fingerprints: either they cannot be used, or there are none of the new snapshot.
    const rows = { ...before, readFingerprints: undefined };
    for await (const changes of compareSnapshots(rows, after, { signal })) await writer.write(changes);
    return writer.finish();
  }

  async #giveUpWatch(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.discard().catch(() => undefined);
  }

  async #discardAll(): Promise<void> {
    await this.#giveUpWatch();
    await this.#discard?.().catch(() => undefined);
    this.#discard = undefined;
  }
}

/** Fails never: whatever is wrong with them, there are still the rows. */
async function readTable(before: Side, properties: readonly string[]): Promise<FingerprintTable | string> {
  if (!before.readFingerprints) return "the previous snapshot has no fingerprints";
  if (!compareSelections(before.properties, properties).isSame) {
    return "the previous snapshot selected other properties";
  }
  try {
    const users = before.parts.map((part) => part.users);
    const table = FingerprintTable.of(await before.readFingerprints(), users);
    return table ?? "the previous snapshot's fingerprints are not those of its users";
  } catch (error) {
    const { doing, problem } = asRollcallError(error);
    return `${doing}: ${problem}`;
  }
}

function skipped(why: string, isExpected = false): ChangesOutcome {
  return {
    changes: null,
    changesSkipped: why,
    warnings: isExpected ? [] : [warning("changes-skipped", why)],
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
