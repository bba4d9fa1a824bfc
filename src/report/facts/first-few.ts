/** Keeps the first few of many by some order, so that memory does not grow with their number. */
export class FirstFew<T> {
  readonly #most: number;
  readonly #compare: (one: T, other: T) => number;
  readonly #own: (item: T) => T;
  readonly #kept: T[] = [];

  /**
   * @param most how many are kept
   * @param compare as for `Array.sort`; of two that are equal, the one that was added earlier comes first
   * @param own makes what is kept of one, which is then free of what it was cut out of
   */
  constructor(most: number, compare: (one: T, other: T) => number, own = (item: T): T => item) {
    this.#most = most;
    this.#compare = compare;
    this.#own = own;
  }

  /** Adds one. */
  add(item: T): void {
    const last = this.#kept.at(-1);
    if (this.#kept.length === this.#most && last !== undefined && this.#compare(last, item) <= 0) return;
    const at = this.#kept.findIndex((other) => this.#compare(other, item) > 0);
    this.#kept.splice(at < 0 ? this.#kept.length : at, 0, this.#own(item));
    if (this.#kept.length > this.#most) this.#kept.pop();
  }

  /** The first, in order. */
  get items(): readonly T[] {
    return this.#kept;
  }
}
