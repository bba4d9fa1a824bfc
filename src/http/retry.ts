import type { RunContext } from "../deadline.ts";
import { DamagedBodyError, NetworkError } from "./http-client.ts";
import { type FailedAttempt, retryDelayMs } from "./retry-delay.ts";

/** What came of one attempt: what was wanted, or why not. */
export type Attempt<T> = { readonly done: T } | { readonly failed: FailedAttempt };

/** Why {@link retry} gives up. */
export interface RetriesExhausted {
  readonly failed: FailedAttempt;
  /** Attempts made, counting from 1. */
  readonly attempts: number;
  /** The wait that the run's remaining time could not hold, in milliseconds; absent when the attempts ran out. */
  readonly waitTooLongMs?: number;
}

/** One request, as often as it takes. */
export interface Retry<T> {
  /** May throw {@link NetworkError} or {@link DamagedBodyError}, which are failed attempts; anything else ends the loop. */
  readonly attempt: () => Promise<Attempt<T>>;
  /** Told of each failed attempt that will be made again, before the wait. */
  readonly onRetry?: (failed: FailedAttempt) => void;
  /** Makes the error for the last failed attempt. */
  readonly giveUp: (exhausted: RetriesExhausted) => Error;
}

/** Makes one attempt after another until one succeeds or {@link retryDelayMs} gives up. */
export async function retry<T>(
  { clock, signal, deadlineMs }: RunContext,
  { attempt, onRetry, giveUp }: Retry<T>,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    const outcome = await attempt().catch(asFailedAttempt);
    if ("done" in outcome) return outcome.done;
    const { failed } = outcome;
    const delayMs = retryDelayMs(failed, attempts, clock.now(), Math.random());
    if (delayMs === undefined) throw giveUp({ failed, attempts });
    if (clock.elapsed() + delayMs >= deadlineMs) throw giveUp({ failed, attempts, waitTooLongMs: delayMs });
    onRetry?.(failed);
    await clock.sleep(delayMs, signal);
  }
}

function asFailedAttempt(error: unknown): { readonly failed: FailedAttempt } {
  if (error instanceof NetworkError) return { failed: { kind: "network", code: error.code } };
  if (error instanceof DamagedBodyError) return { failed: { kind: "damaged", reason: error.message } };
  throw error;
}

/** What happened, for an error's text: `no whole answer came (ECONNRESET) after 10 attempts`. */
export function describeExhausted({ failed, attempts, waitTooLongMs }: RetriesExhausted): string {
  const after = attempts === 1 ? "at the first attempt" : `after ${attempts} attempts`;
  const text = `${describeFailedAttempt(failed)} ${after}`;
  if (waitTooLongMs === undefined) return text;
  return `${text}, and the wait of ${Math.ceil(waitTooLongMs / 1000)} s that is due would outlast the run's time budget`;
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  TOO_SLOW: "the answer did not come to its end in time, although it kept moving",
  PROXY_UNREACHABLE: "the proxy that HTTPS_PROXY names did not answer",
  PROXY_UNAVAILABLE: "the proxy that HTTPS_PROXY names could not connect",
};

function describeFailedAttempt(failed: FailedAttempt): string {
  switch (failed.kind) {
    case "status":
      return `refused with ${failed.status}`;
    case "network":
      return NETWORK_WORDS[failed.code] ?? `no whole answer came (${failed.code})`;
    case "damaged":
      return `the answer was unusable (${failed.reason})`;
  }
}
