/**
 * Requests under way, as many at a time as the pace allows; their results as they arrive. Nothing is started but by
 * {@link next}: whoever is at work on a result holds the others back. Disposing it ends the requests under way, which
 * else would go on for as long as the service asks them to wait.
 */
export class RequestPool<T> implements Disposable {
  readonly #limit: () => number;
  readonly #waiting: (() => Promise<T>)[] = [];
  readonly #underway = new Map<number, Promise<{ readonly key: number; readonly result: T }>>();
  readonly #leaving = new AbortController();
  #started = 0;

  /** @param limit how many may be under way, asked before each is started */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Aborted when the pool is left; for the requests. */
  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Adds a request behind those that wait. */
  add(request: () => Promise<T>): void {
    this.#waiting.push(request);
  }

  /** Adds a request before those that wait: one that follows on what is begun. */
  addFirst(request: () => Promise<T>): void {
    this.#waiting.unshift(request);
  }

  /**
   * The next result to arrive.
   *
   * @returns `undefined` when there is nothing left to wait for
   * @throws what the first request to fail throws
   */
  async next(): Promise<T | undefined> {
    while (this.#underway.size < this.#limit()) {
      const request = this.#waiting.shift();
      if (!request) break;
      this.#start(request);
    }
    if (this.#underway.size === 0) return undefined;
    const { key, result } = await Promise.race(this.#underway.values());
    this.#underway.delete(key);
    return result;
  }

  [Symbol.dispose](): void {
    this.#leaving.abort();
  }

  #start(request: () => Promise<T>): void {
    const key = this.#started++;
    const underway = request().then((result) => ({ key, result }));
    // A failure is met by the race; when the pool is left before, by nobody, and then it does not matter.
    underway.catch(() => undefined);
    this.#underway.set(key, underway);
  }
}
