import type { Run } from "../snapshot/run.ts";
import type { Change } from "./change.ts";
import { ChangesWriter } from "./changes-writer.ts";
import { Comparison } from "./comparison.ts";
import type { FingerprintTable } from "./fingerprint-table.ts";
import type { Side } from "./side.ts";

/** What a {@link ChangeWatch} finds. */
export type WatchedChanges = Awaited<ReturnType<ChangesWriter["finish"]>>;

/**
 * Compares users with the previous snapshot while they are listed. It never costs the listing: what goes wrong is kept,
 * and thrown by {@link finish}.
 */
export class ChangeWatch {
  /** The users of the previous snapshot, by whom the listing knows who came before. */
  readonly table: FingerprintTable;
  readonly #comparison: Comparison;
  readonly #writer: ChangesWriter;
  #known: Change[] = [];
  #failure: { readonly error: unknown } | undefined;
  /** Never fails. */
  #flushing: Promise<void> = Promise.resolve();
  #finishing: Promise<WatchedChanges> | undefined;

  /**
   * @param run writes and reads until its signal is aborted
   * @param before the previous snapshot, of which the listing selects the same properties
   */
  constructor(run: Run, before: Side, table: FingerprintTable) {
    this.table = table;
    this.#comparison = new Comparison(before, before.properties, table, { signal: run.signal });
    this.#writer = new ChangesWriter(run);
  }

  /**
   * Takes a user; each once.
   *
   * @param row of the user in {@link table}, which the caller has marked as seen; -1 for a user who is not in it
   * @param digests hold the digest of the user's line from `at` on
   * @param line without its line feed
   */
  add(row: number, digests: Uint32Array, at: number, line: Buffer): void {
    if (this.#failure) return;
    const change = this.#comparison.add(row, digests, at, line);
    if (change) this.#known.push(change);
  }

  /** To be awaited after each page: writes what is known, and makes room for the next. */
  flush(): Promise<void> {
    this.#flushing = this.#keepingFailure(async () => {
      await this.#writeKnown();
      if (!this.#comparison.isFull) return;
      for await (const changes of this.#comparison.settle()) {
        if (this.#failure) return;
        await this.#writer.write(changes);
      }
    });
    return this.#flushing;
  }

  /**
   * Compares what is left once all users have come. The listing begins this, while it counts again; whoever calls it later
   * gets the same.
   *
   * @throws whatever went wrong, now or before; what was written stays until it is discarded
   */
  finish(): Promise<WatchedChanges> {
    this.#finishing ??= this.#finish();
    // Whoever began it need not be the one to hear of it.
    this.#finishing.catch(() => undefined);
    return this.#finishing;
  }

  /**
   * Deletes what was written. A listing may end in the middle of a flush, or of finishing, which could write after the
   * deletion.
   */
  async discard(): Promise<void> {
    this.#failure ??= { error: new Error("the changes were discarded") };
    await this.#flushing;
    await this.#finishing?.catch(() => undefined);
    await this.#writer.discard();
  }

  async #finish(): Promise<WatchedChanges> {
    this.#throwIfFailed();
    await this.#writeKnown();
    for await (const changes of this.#comparison.finish()) {
      this.#throwIfFailed();
      await this.#writer.write(changes);
    }
    return this.#writer.finish();
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #writeKnown(): Promise<void> {
    const known = this.#known;
    this.#known = [];
    await this.#writer.write(known);
  }

  async #keepingFailure(work: () => Promise<void>): Promise<void> {
    if (this.#failure) return;
    try {
      await work();
    } catch (error) {
      this.#failure = { error };
    }
  }
}
