/** A row of the later snapshot whose earlier row must be read again, because their digests differ. */
export interface PendingRow {
  /** Where the earlier row is in the `DigestTable`. */
  readonly slot: number;
  /** Index of the earlier row's part. */
  readonly part: number;
  /** The later row. */
  readonly line: Buffer;
}

/**
 * Later rows that wait for their earlier rows. Bounded: callers check {@link isFull} after adding, and then settle all.
 *
 * Rows are copied into one buffer that is reused. Views would keep alive the blocks that the rows came in, and a buffer
 * for each row would cost more memory than the rows.
 */
export class PendingRows {
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

  /** How many wait for an earlier row in that part. */
  countIn(part: number): number {
    return this.#rowsByPart.get(part) ?? 0;
  }

  add({ slot, part, line }: PendingRow): void {
    const end = this.#bytes + line.length;
    if (end > this.#copies.length) this.#grow(end);
    this.#copies.set(line, this.#bytes);
    this.#places.set(slot, [this.#bytes, end]);
    this.#bytes = end;
    this.#rowsByPart.set(part, this.countIn(part) + 1);
  }

  /**
   * Removes and returns the later row that waits for the earlier row in that slot; `undefined` when none does.
   *
   * @returns valid until the next {@link add}
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
