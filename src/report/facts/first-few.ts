/** Keeps the first few of many by some order, so that memory does not grow with their number. */
export class FirstFew<T> {
  readonly #most: number;
  readonly #compare: (one: T, other: T) => number;
  readonly #kept: T[] = [];

  /**
   * @param most how many are kept
   * @param compare as for `Array.sort`; of two that are equal, the one that was added earlier comes first
   */
  constructor(most: number, compare: (one: T, other: T) => number) {
    this.#most = most;
    this.#compare = compare;
  }

  /** Adds one. */
  add(item: T): void {
    const last = this.#kept.at(-1);
    if (this.#kept.length === this.#most && last !== undefined && this.#compare(last, item) <= 0) return;
    const at = this.#kept.findIndex((other) => this.#compare(other, item) > 0);
    this.#kept.splice(at < 0 ? this.#kept.length : at, 0, item);
    if (this.#kept.length > this.#most) this.#kept.pop();
  }

  /** The first, in order. */
  get items(): readonly T[] {
    return this.#kept;
  }
}
