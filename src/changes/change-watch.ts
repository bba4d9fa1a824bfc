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
   * Compares what is left once all users have come.
   *
   * @throws whatever went wrong, now or before; what was written stays until it is discarded
   */
  async finish(): Promise<WatchedChanges> {
    if (this.#failure) throw this.#failure.error;
    await this.#writeKnown();
    for await (const changes of this.#comparison.finish()) await this.#writer.write(changes);
    return this.#writer.finish();
  }

  /** Deletes what was written. A listing may end in the middle of a flush, which could write after the deletion. */
  async discard(): Promise<void> {
    this.#failure ??= { error: new Error("the changes were discarded") };
    await this.#flushing;
    await this.#writer.discard();
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
