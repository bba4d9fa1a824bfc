/** A slot: four words of id, four of digest, one of part and mark. */
const WORDS = 9;
const DIGEST = 4;
const PART = 8;
const DIGEST_WORDS = 4;
/** Slots for each row: two thirds full keeps probing short. */
const SLOTS_PER_ROW = 1.5;
const MIN_SLOTS = 64;
/** Set in the word of the part once the row's user was met again. */
const SEEN = 0x8000_0000;

/**
 * What the comparison remembers of each former row: whose it is, a digest of what it says, which part it is in and
 * whether its user was met again. 36 bytes a slot, 54 a row, in one typed array. Open addressing with linear probing; a
 * slot with an all-zero id is empty, which works because no object has the nil GUID.
 */
export class DigestTable {
  readonly #slots: Uint32Array;
  readonly #capacity: number;
  #size = 0;

  /** @param capacity rows that it will hold; it does not grow */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#slots = new Uint32Array(Math.max(MIN_SLOTS, Math.ceil(capacity * SLOTS_PER_ROW)) * WORDS);
  }

  /** Rows added so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a row.
   *
   * @param id four words, see `readGuid`
   * @param digest at least 16 bytes; what is behind them is not kept
   * @param part index of its part
   * @returns `false`, and nothing is kept, when there is a row of that id already or no room
   */
  add(id: Uint32Array, digest: Buffer, part: number): boolean {
    if (this.#size === this.#capacity) return false;
    const at = this.#probe(id);
    if (!this.#isEmpty(at)) return false;
    this.#slots.set(id, at);
    for (let word = 0; word < DIGEST_WORDS; word++)
      this.#slots[at + DIGEST + word] = digest.readUInt32LE(word * 4);
    this.#slots[at + PART] = part;
    this.#size++;
    return true;
  }

  /** Where the row of that id is; -1 when there is none. */
  find(id: Uint32Array): number {
    const at = this.#probe(id);
    return this.#isEmpty(at) ? -1 : at;
  }

  /** Whether the row says the same as the one of this digest. */
  hasDigest(at: number, digest: Buffer): boolean {
    for (let word = 0; word < DIGEST_WORDS; word++) {
      if (this.#slots[at + DIGEST + word] !== digest.readUInt32LE(word * 4)) return false;
    }
    return true;
  }

  /** Index of the row's part. */
  partOf(at: number): number {
    return ((this.#slots[at + PART] ?? 0) & ~SEEN) >>> 0;
  }

  /** Notes that the row's user was met again; `false` when that was noted before. */
  markSeen(at: number): boolean {
    if (this.isSeen(at)) return false;
    this.#slots[at + PART] = ((this.#slots[at + PART] ?? 0) | SEEN) >>> 0;
    return true;
  }

  /** Whether the row's user was met again. */
  isSeen(at: number): boolean {
    return (this.#slots[at + PART] ?? 0) >= SEEN;
  }

  /** How many rows of each part were not met again, by index of part; parts without any are missing. */
  countUnseen(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (let at = 0; at < this.#slots.length; at += WORDS) {
      if (this.#isEmpty(at) || this.isSeen(at)) continue;
      const part = this.partOf(at);
      counts.set(part, (counts.get(part) ?? 0) + 1);
    }
    return counts;
  }

  /** The slot of that id, or the empty one where it would be. */
  #probe(id: Uint32Array): number {
    const slots = this.#slots;
    // Object ids are random (version 4 GUIDs); mixing two words guards against a directory that counts in one of them.
    const hash = ((id[0] ?? 0) ^ Math.imul(id[3] ?? 0, 0x9e3779b1)) >>> 0;
    let at = (hash % (slots.length / WORDS)) * WORDS;
    while (!this.#isEmpty(at)) {
      if (
        slots[at] === id[0] &&
        slots[at + 1] === id[1] &&
        slots[at + 2] === id[2] &&
        slots[at + 3] === id[3]
      ) {
        return at;
      }
      at += WORDS;
      if (at === slots.length) at = 0;
    }
    return at;
  }

  #isEmpty(at: number): boolean {
    const slots = this.#slots;
    return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
  }
}
