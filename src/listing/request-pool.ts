/**
 * Runs requests in parallel, up to a limit, and returns their results as they arrive. Only {@link next} starts requests,
 * so that a caller who is busy with a result gets back-pressure. Disposing the pool ends the requests under way, which
 * could otherwise go on for as long as the service asks them to wait.
 */
export class RequestPool<T> implements Disposable {
  readonly #limit: () => number;
  readonly #waiting: (() => Promise<T>)[] = [];
  readonly #underway = new Map<number, Promise<{ readonly key: number; readonly result: T }>>();
  readonly #leaving = new AbortController();
  #started = 0;

  /** @param limit most requests under way; called before each is started */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** For the requests; aborted when the pool is disposed. */
  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Adds a request to the end of the queue. */
  add(request: () => Promise<T>): void {
    this.#waiting.push(request);
  }

  /** Adds a request to the front of the queue: one that continues what has been started. */
  addFirst(request: () => Promise<T>): void {
    this.#waiting.unshift(request);
  }

  /**
   * Waits for the next result.
   *
   * @returns `undefined` if no requests are left
   * @throws what the first failed request throws
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
    // The race reports a failure. If the pool is disposed first, a failure no longer matters.
    underway.catch(() => undefined);
    this.#underway.set(key, underway);
  }
}
