const MAX_SPARE = 2;
const MAX_SPARE_BYTES = 16 * 2 ** 20;
const STEP_BYTES = 2 ** 19;

/**
 * Memory for the rows of a run's pages, used again from page to page: a buffer made and dropped for each page keeps the
 * garbage collector busier than everything else.
 */
export class RowBuffers {
  readonly #spare: Buffer[] = [];

  /** A buffer of at least so many bytes; what is in it means nothing. */
  take(bytes: number): Buffer {
    const index = this.#spare.findIndex(({ length }) => length >= bytes);
    const size = Math.ceil(bytes / STEP_BYTES) * STEP_BYTES;
    return this.#spare.splice(index, index < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafe(size);
  }

  /** Gives a buffer back. Nothing may read it after that. */
  giveBack(buffer: Buffer): void {
    if (this.#spare.length < MAX_SPARE && buffer.length <= MAX_SPARE_BYTES) this.#spare.push(buffer);
  }
}
