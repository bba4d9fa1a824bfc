/** A later row whose former one has to be looked at again, because their digests differ. */
export interface Candidate {
  /** Where the former row is in the `DigestTable`. */
  readonly slot: number;
  /** Index of the former row's part. */
  readonly part: number;
  /** The later row. */
  readonly line: Buffer;
}

/**
 * Later rows that wait for their former ones. Bounded: whoever adds asks {@link isFull}, and settles them all then.
 *
 * They are copied into one piece of memory that is used again and again. Views of the blocks they came in would keep
 * those alive, and a piece for each row costs more memory than the rows.
 */
export class Candidates {
  readonly #maxRows: number;
  readonly #maxBytes: number;
  /** Where each row's copy begins and ends, by slot. */
  readonly #places = new Map<number, readonly [start: number, end: number]>();
  readonly #rowsByPart = new Map<number, number>();
  #copies: Buffer = Buffer.alloc(0);
  #bytes = 0;

  constructor(maxRows: number, maxBytes: number) {
    this.#maxRows = maxRows;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.#places.size >= this.#maxRows || this.#bytes >= this.#maxBytes;
  }

  /** How many wait for a former row of that part. */
  countIn(part: number): number {
    return this.#rowsByPart.get(part) ?? 0;
  }

  add({ slot, part, line }: Candidate): void {
    const end = this.#bytes + line.length;
    if (end > this.#copies.length) this.#grow(end);
    this.#copies.set(line, this.#bytes);
    this.#places.set(slot, [this.#bytes, end]);
    this.#bytes = end;
    this.#rowsByPart.set(part, this.countIn(part) + 1);
  }

  /**
   * Takes out the later row that waits for the former one in that slot; `undefined` when none does.
   *
   * @returns good until the next {@link add}
   */
  take(slot: number, part: number): Buffer | undefined {
    const place = this.#places.get(slot);
    if (place === undefined) return undefined;
    this.#places.delete(slot);
    if (this.#places.size === 0) this.#bytes = 0;
    this.#rowsByPart.set(part, this.countIn(part) - 1);
    return this.#copies.subarray(...place);
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#copies.length));
    larger.set(this.#copies);
    this.#copies = larger;
  }
}
