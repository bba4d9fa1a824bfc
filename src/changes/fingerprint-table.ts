import { GUID_WORDS } from "../rows/guid.ts";
import { GuidTable } from "../rows/guid-table.ts";
import { DIGEST_WORDS } from "../snapshot/fingerprints.ts";

/**
 * What a comparison knows of each row before: whose it is, its digest, where it stands, and whether its user was seen
 * again. 30 bytes a row. Rows are numbered in the order of the parts' lines.
 */
export class FingerprintTable {
  readonly #table: GuidTable;
  /** The number of each part's first row, and behind them how many rows there are. */
  readonly #firsts: readonly number[];
  /** One bit a row. */
  readonly #seen: Uint32Array;

  private constructor(table: GuidTable, partUsers: readonly number[]) {
    this.#table = table;
    let next = 0;
    this.#firsts = [0, ...partUsers.map((users) => (next += users))];
    this.#seen = new Uint32Array(Math.ceil(table.size / 32));
  }

  /**
   * @param fingerprints of all rows, in the order of the lines; not copied
   * @param partUsers rows of each part
   * @returns `undefined` when a user is among them twice, or the parts hold another number of rows
   */
  static of(fingerprints: Uint32Array, partUsers: readonly number[]): FingerprintTable | undefined {
    const table = GuidTable.of(fingerprints, DIGEST_WORDS);
    return table && FingerprintTable.ofTable(table, partUsers);
  }

  /** The same for records that are in a table already: of each row its id and its digest. */
  static ofTable(table: GuidTable, partUsers: readonly number[]): FingerprintTable | undefined {
    const isWhole = table.size === partUsers.reduce((sum, users) => sum + users, 0);
    return isWhole ? new FingerprintTable(table, partUsers) : undefined;
  }

  /** Rows before. */
  get size(): number {
    return this.#table.size;
  }

  /** The number of a user's row; -1 for a user who was not there. */
  find(ids: Uint32Array, at: number): number {
    return this.#table.find(ids, at);
  }

  /** Whether a row belongs to this user. */
  isOf(row: number, id: Uint32Array): boolean {
    const { words, recordWords } = this.#table;
    for (let word = 0; word < GUID_WORDS; word++) {
      if (words[row * recordWords + word] !== id[word]) return false;
    }
    return true;
  }

  /** Whether a row has this digest. */
  hasDigest(row: number, digests: Uint32Array, at: number): boolean {
    const { words, recordWords } = this.#table;
    const from = row * recordWords + GUID_WORDS;
    for (let word = 0; word < DIGEST_WORDS; word++) {
      if (words[from + word] !== digests[at + word]) return false;
    }
    return true;
  }

  /** Marks a row's user as seen again; `false` when the user already was. */
  markSeen(row: number): boolean {
    if (this.isSeen(row)) return false;
    this.#seen[row >>> 5] = (this.#seen[row >>> 5] ?? 0) | (1 << (row & 31));
    return true;
  }

  isSeen(row: number): boolean {
    return ((this.#seen[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0;
  }

  /** Forgets who was seen, for a listing that begins again. */
  forgetSeen(): void {
    this.#seen.fill(0);
  }

  /** The number of a part's first row. */
  firstRow(part: number): number {
    return this.#firsts[part] ?? 0;
  }

  /** Index of the part in which a row stands. */
  partOf(row: number): number {
    let low = 0;
    let high = this.#firsts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.firstRow(middle) <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  /** How many rows of a part are of users who were not seen again. */
  unseenIn(part: number): number {
    let unseen = 0;
    for (let row = this.firstRow(part); row < this.firstRow(part + 1); row++) {
      if (!this.isSeen(row)) unseen++;
    }
    return unseen;
  }
}
