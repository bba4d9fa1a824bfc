import { setTimeout as delay } from "node:timers/promises";

/** Time as a run sees it. Passed in, so that a test can skip an hour of waiting. */
export interface Clock {
  /** Milliseconds since the Unix epoch. For names, dates and ages; the machine's clock may be changed during a run. */
  now(): number;
  /** Milliseconds since a fixed moment. For durations and deadlines; monotonic. */
  elapsed(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/**
 * How far the machine's clock may be off. A run is named after its clock, and a run with tomorrow's name would block
 * tomorrow's run. Entra, too, refuses assertions that are further off.
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
