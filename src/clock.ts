import { setTimeout as delay } from "node:timers/promises";

/** Time as a run sees it. Passed in, so that a test can let an hour of waiting go by at once. */
export interface Clock {
  /** Milliseconds since the Unix epoch. For names, dates and ages: somebody may set it while a run is under way. */
  now(): number;
  /** Milliseconds since a moment that stays the same. For spans and deadlines: it never jumps. */
  elapsed(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

/**
 * How far the machine's clock may be off. A run is named by its clock, and a run of tomorrow's name would stand in the
 * way of tomorrow's; Entra refuses assertions that are further off, too.
 */
export const CLOCK_TOLERANCE_MS = 5 * MINUTE;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (ms, signal) => {
    signal.throwIfAborted();
    await delay(ms, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  },
};
