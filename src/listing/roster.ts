import type { FingerprintTable } from "../changes/fingerprint-table.ts";
import { IdSet } from "../rows/id-set.ts";

/** What {@link Roster.add} gives for a user who has come before. */
export const REPEATED = -2;
const NEW = -1;

/**
 * Who has come so far: 22 bytes for each user who is not in the previous snapshot's table, and no more than a mark for the
 * others.
 */
export class Roster {
  readonly #table: FingerprintTable | undefined;
  readonly #others: IdSet;
  #known = 0;

  /**
   * @param table of the previous snapshot; `undefined` where it is of no use
   * @param expected how many users will come, as far as known
   */
  constructor(table: FingerprintTable | undefined, expected: number) {
    this.#table = table;
    this.#others = new IdSet(table ? 0 : expected);
  }

  /** How many different users have come. */
  get size(): number {
    return this.#known + this.#others.size;
  }

  /**
   * Adds a user.
   *
   * @param at where the four words of the user's id begin
   * @returns the number of the user's row in the previous snapshot, -1 where there is none, or {@link REPEATED}
   */
  add(ids: Uint32Array, at: number): number {
    const row = this.#table ? this.#table.find(ids, at) : NEW;
    if (row === NEW) return this.#others.addWords(ids, at) ? NEW : REPEATED;
    if (!this.#table?.markSeen(row)) return REPEATED;
    this.#known++;
    return row;
  }
}
