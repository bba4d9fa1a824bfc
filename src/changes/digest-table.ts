import { GuidTable } from "../rows/guid-table.ts";

/** Beside each id: four words of digest, one of part and mark. */
const DIGEST_WORDS = 4;
const PART = DIGEST_WORDS;
const PAYLOAD_WORDS = DIGEST_WORDS + 1;
/** Set in the part's word once the row's user was found in the later snapshot. */
const SEEN = 0x8000_0000;

/**
 * What the comparison remembers of each earlier row: whose it is, a digest of its values, which part it is in, and
 * whether its user is also in the later snapshot. 54 bytes a row.
 */
export class DigestTable {
  readonly #table: GuidTable;
  readonly #capacity: number;

  /** @param capacity most rows it can hold; it does not grow, so that a row's place stays valid */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#table = new GuidTable(capacity, PAYLOAD_WORDS);
  }

  /** Rows added so far. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Adds a row.
   *
   * @param id four words, see `readGuid`
   * @param digest at least 16 bytes, of which the first 16 are kept
   * @param part index of its part
   * @returns `false`, and nothing is kept, when there already is a row of that id, or no room
   */
  add(id: Uint32Array, digest: Buffer, part: number): boolean {
    if (this.size === this.#capacity) return false;
    const at = this.#table.add(id);
    if (at < 0) return false;
    const { words } = this.#table;
    for (let word = 0; word < DIGEST_WORDS; word++) words[at + word] = digest.readUInt32LE(word * 4);
    words[at + PART] = part;
    return true;
  }

  /** Where the row of that id is; -1 when there is none. */
  find(id: Uint32Array): number {
    return this.#table.find(id);
  }

  /** Whether the row has this digest. */
  hasDigest(at: number, digest: Buffer): boolean {
    const { words } = this.#table;
    for (let word = 0; word < DIGEST_WORDS; word++) {
      if (words[at + word] !== digest.readUInt32LE(word * 4)) return false;
    }
    return true;
  }

  /** Index of the row's part. */
  partOf(at: number): number {
    return (this.#mark(at) & ~SEEN) >>> 0;
  }

  /** Marks the row's user as seen again; `false` when it already was. */
  markSeen(at: number): boolean {
    if (this.isSeen(at)) return false;
    this.#table.words[at + PART] = (this.#mark(at) | SEEN) >>> 0;
    return true;
  }

  /** Whether the row's user was seen again. */
  isSeen(at: number): boolean {
    return this.#mark(at) >= SEEN;
  }

  /** How many users of each part were not seen again, by index of part; without the parts that have none. */
  countUnseen(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const at of this.#table.payloads()) {
      if (this.isSeen(at)) continue;
      const part = this.partOf(at);
      counts.set(part, (counts.get(part) ?? 0) + 1);
    }
    return counts;
  }

  #mark(at: number): number {
    return this.#table.words[at + PART] ?? 0;
  }
}
