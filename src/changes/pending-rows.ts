/**
 * Rows that wait for their rows before. Bounded: callers check {@link isFull} after adding, and then settle all.
 *
 * Rows are copied into one buffer that is reused. Views would keep alive the blocks that the rows came in, and a buffer
 * for each row would cost more memory than the rows.
 */
export class PendingRows {
  readonly #maxRows: number;
  readonly #maxBytes: number;
  /** Where each row's copy begins and ends, by the number of the row before. */
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

  /** Whether a row waits for that row before. */
  has(row: number): boolean {
    return this.#places.has(row);
  }

  /** How many wait for a row before in that part. */
  countIn(part: number): number {
    return this.#rowsByPart.get(part) ?? 0;
  }

  /**
   * @param row number of the row before
   * @param part index of its part
   * @param line the row after; copied
   */
  add(row: number, part: number, line: Buffer): void {
    const end = this.#bytes + line.length;
    if (end > this.#copies.length) this.#grow(end);
    this.#copies.set(line, this.#bytes);
    this.#places.set(row, [this.#bytes, end]);
    this.#bytes = end;
    this.#rowsByPart.set(part, this.countIn(part) + 1);
  }

  /**
   * Removes and returns the row that waits for that row before; `undefined` when none does.
   *
   * @returns valid until the next {@link add}
   */
  take(row: number, part: number): Buffer | undefined {
    const place = this.#places.get(row);
    if (place === undefined) return undefined;
    this.#places.delete(row);
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
