import { type Clock, DAY } from "../clock.ts";

/** Concurrent requests at the start, unless the maximum is lower. */
const FIRST_LIMIT = 4;
/** From this share of its limit on, Graph reports how close we are to it (https://learn.microsoft.com/graph/throttling). */
const WARNING_SHARE = 0.8;
/** The pause grows with the share above 0.7: half a second at the first warning, 1.5 seconds at the limit itself. */
const WARNING_PAUSE_MS_PER_SHARE = 5000;
/** A response this much slower than the fastest recent one means that requests are queuing somewhere. */
const SLOW_FACTOR = 3;
const SLOW_EXTRA_MS = 250;

/** Node's timers hold at most 24 days; a longer one fires at once. */
const MAX_SLEEP_MS = DAY;

/** What one response says about the service's load. */
export interface Observation {
  /** When the request was sent, in milliseconds by {@link Clock.elapsed}. */
  readonly sentMs: number;
  readonly status: number;
  /** Milliseconds that the service asks us to wait; `undefined` if it does not say. */
  readonly retryAfterMs?: number | undefined;
  /** `x-ms-throttle-limit-percentage`: 0.8 to 1.8; `undefined` below that. */
  readonly limitShare?: number | undefined;
}

/**
 * Decides how many requests may run at the same time, and when the next may be sent. The limit starts low and doubles with
 * each round trip. A refusal, a warning or rising latency lowers it; from then on it grows by two with each round trip.
 * When the service asks one request to wait, all of them do, because they share one quota.
 */
export class ConcurrencyLimiter {
  readonly #clock: Clock;
  readonly #max: number;
  #limit: number;
  #isStarting = true;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #loweredMs = Number.NEGATIVE_INFINITY;
  #quickestMs = Number.POSITIVE_INFINITY;

  /** @param max most requests at the same time */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
    this.#limit = Math.min(FIRST_LIMIT, max);
  }

  /** How many requests may run at the same time now; at least one. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** Waits until a request may be sent. */
  async ready(signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.#pausedUntilMs - this.#clock.elapsed();
      if (waitMs <= 0) return;
      await this.#clock.sleep(Math.min(waitMs, MAX_SLEEP_MS), signal);
    }
  }

  /** Takes a response into account. Call it as soon as the headers arrive. */
  observe({ sentMs, status, retryAfterMs, limitShare }: Observation): void {
    const nowMs = this.#clock.elapsed();
    if (status === 429) {
      // Not by half, because all requests also wait for as long as the service asks.
      this.#lower(0.75, sentMs, nowMs);
      if (retryAfterMs !== undefined) this.#pauseUntil(nowMs + retryAfterMs);
      return;
    }
    if (limitShare !== undefined && limitShare >= WARNING_SHARE) {
      this.#lower(0.7, sentMs, nowMs);
      this.#pauseUntil(nowMs + (limitShare - WARNING_SHARE + 0.1) * WARNING_PAUSE_MS_PER_SHARE);
      return;
    }
    if (status !== 200) return;
    const latencyMs = nowMs - sentMs;
    // Forgets slowly, so that one lucky response does not set the standard for the whole run.
    this.#quickestMs = Math.min(latencyMs, this.#quickestMs * 1.02 + 1);
    if (latencyMs > SLOW_FACTOR * this.#quickestMs + SLOW_EXTRA_MS) {
      this.#lower(0.8, sentMs, nowMs);
      return;
    }
    this.#limit = Math.min(this.#max, this.#limit + (this.#isStarting ? 1 : 2 / this.#limit));
  }

  /** Lowers the limit, but only once for all requests that were under way together: they report the same event. */
  #lower(factor: number, sentMs: number, nowMs: number): void {
    this.#isStarting = false;
    if (sentMs < this.#loweredMs) return;
    this.#loweredMs = nowMs;
    this.#limit = Math.max(1, this.#limit * factor);
  }

  #pauseUntil(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }
}
