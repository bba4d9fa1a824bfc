import { type Clock, DAY } from "../clock.ts";

/** Requests at the same time at the beginning, as far as the maximum allows. */
const FIRST_LIMIT = 4;
/** From this share of its limit on, Graph says how near it is (https://learn.microsoft.com/graph/throttling). */
const WARNING_SHARE = 0.8;
/** Pause for each tenth of the limit from 0.7 on: half a second at the first warning, two at the limit itself. */
const WARNING_PAUSE_MS_PER_SHARE = 5000;
/** An answer this much later than the quickest lately means that requests queue somewhere. */
const SLOW_FACTOR = 3;
const SLOW_EXTRA_MS = 250;

/** Node's timers hold no more than 24 days; one that overflows comes at once. */
const MAX_SLEEP_MS = DAY;

/** What one answer tells about the service. */
export interface Observation {
  /** When the request was sent, in milliseconds by {@link Clock.elapsed}. */
  readonly sentMs: number;
  readonly status: number;
  /** Milliseconds that the service asks to wait; `undefined` when it does not say. */
  readonly retryAfterMs?: number | undefined;
  /** `x-ms-throttle-limit-percentage`: 0.8 to 1.8; `undefined` below that. */
  readonly limitShare?: number | undefined;
}

/**
 * How many requests at the same time, and when the next may go. Starts low and doubles with each round trip; a refusal,
 * a warning or rising latency lowers it, and then it grows by two a round trip. What the service asks one
 * request to wait holds back all of them: they spend the same budget.
 */
export class ConcurrencyLimiter {
  readonly #clock: Clock;
  readonly #max: number;
  #limit: number;
  #isStarting = true;
  #holdUntilMs = Number.NEGATIVE_INFINITY;
  #loweredMs = Number.NEGATIVE_INFINITY;
  #quickestMs = Number.POSITIVE_INFINITY;

  /** @param max requests at the same time at the most */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
    this.#limit = Math.min(FIRST_LIMIT, max);
  }

  /** Requests that may be under way at the same time now; at least one. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** Resolves when nothing holds requests back. */
  async ready(signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.#holdUntilMs - this.#clock.elapsed();
      if (waitMs <= 0) return;
      await this.#clock.sleep(Math.min(waitMs, MAX_SLEEP_MS), signal);
    }
  }

  /** Takes an answer into account; to be called as soon as it is there. */
  observe({ sentMs, status, retryAfterMs, limitShare }: Observation): void {
    const nowMs = this.#clock.elapsed();
    if (status === 429) {
      // Not by half: everybody waits for as long as the service asks besides.
      this.#lower(0.75, sentMs, nowMs);
      if (retryAfterMs !== undefined) this.#hold(nowMs + retryAfterMs);
      return;
    }
    if (limitShare !== undefined && limitShare >= WARNING_SHARE) {
      this.#lower(0.7, sentMs, nowMs);
      this.#hold(nowMs + (limitShare - WARNING_SHARE + 0.1) * WARNING_PAUSE_MS_PER_SHARE);
      return;
    }
    if (status !== 200) return;
    const latencyMs = nowMs - sentMs;
    // Forgets slowly, so that one lucky answer is not the measure for the whole run.
    this.#quickestMs = Math.min(latencyMs, this.#quickestMs * 1.02 + 1);
    if (latencyMs > SLOW_FACTOR * this.#quickestMs + SLOW_EXTRA_MS) {
      this.#lower(0.8, sentMs, nowMs);
      return;
    }
    this.#limit = Math.min(this.#max, this.#limit + (this.#isStarting ? 1 : 2 / this.#limit));
  }

  /** Once for all requests that were under way together: they tell of the same moment. */
  #lower(factor: number, sentMs: number, nowMs: number): void {
    this.#isStarting = false;
    if (sentMs < this.#loweredMs) return;
    this.#loweredMs = nowMs;
    this.#limit = Math.max(1, this.#limit * factor);
  }

  #hold(untilMs: number): void {
    this.#holdUntilMs = Math.max(this.#holdUntilMs, untilMs);
  }
}
