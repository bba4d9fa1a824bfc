import type { Clock } from "../../src/clock.ts";

/** A clock that stands still but for sleeping, which takes no time at all. */
export class TestClock implements Clock {
  /** Milliseconds of each sleep so far. */
  readonly waitsMs: number[] = [];
  #nowMs: number;
  #elapsedMs = 0;

  /** @param nowMs milliseconds since the Unix epoch at which it begins */
  constructor(nowMs = Date.UTC(2026, 10, 22, 2)) {
    this.#nowMs = nowMs;
  }

  /** Sets it, as from one night to the next; what has elapsed stays. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.waitsMs.push(ms);
    this.#nowMs += ms;
    this.#elapsedMs += ms;
  }
}
