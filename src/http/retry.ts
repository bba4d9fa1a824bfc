import type { RunContext } from "../deadline.ts";
import { DamagedBodyError, NetworkError } from "./http-client.ts";
import { type FailedAttempt, retryDelayMs } from "./retry-delay.ts";

/** The outcome of one attempt: the result, or why it failed. */
export type Attempt<T> = { readonly done: T } | { readonly failed: FailedAttempt };

/** Why {@link retry} gives up. */
export interface RetriesExhausted {
  readonly failed: FailedAttempt;
  /** Attempts made, counting from 1. */
  readonly attempts: number;
  /** The wait, in milliseconds, that was longer than the run's remaining time; absent if the attempts ran out. */
  readonly waitTooLongMs?: number;
}

/** A request that may be retried. */
export interface Retry<T> {
  /** May throw {@link NetworkError} or {@link DamagedBodyError}, which are failed attempts; anything else ends the loop. */
  readonly attempt: () => Promise<Attempt<T>>;
  /** Called for each failed attempt that will be retried, before the wait. */
  readonly onRetry?: (failed: FailedAttempt) => void;
  /** Makes the error for the last failed attempt. */
  readonly giveUp: (exhausted: RetriesExhausted) => Error;
}

/** Makes one attempt after another until one succeeds, {@link retryDelayMs} gives up, or the run's time is too short. */
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

/** What happened, for an error's text: `no complete answer arrived (ECONNRESET) after 10 attempts`. */
export function describeExhausted({ failed, attempts, waitTooLongMs }: RetriesExhausted): string {
  const after = attempts === 1 ? "at the first attempt" : `after ${attempts} attempts`;
  const text = `${describeFailedAttempt(failed)} ${after}`;
  if (waitTooLongMs === undefined) return text;
  return `${text}, and waiting ${Math.ceil(waitTooLongMs / 1000)} s to retry would exceed the run's time budget`;
}

const NETWORK_PROBLEMS: Readonly<Record<string, string>> = {
  TOO_SLOW: "the answer kept arriving, but too slowly to finish in time",
  PROXY_UNREACHABLE: "the proxy in HTTPS_PROXY did not answer",
  PROXY_UNAVAILABLE: "the proxy in HTTPS_PROXY could not connect",
};

function describeFailedAttempt(failed: FailedAttempt): string {
  switch (failed.kind) {
    case "status":
      return `refused with ${failed.status}`;
    case "network":
      return NETWORK_PROBLEMS[failed.code] ?? `no complete answer arrived (${failed.code})`;
    case "damaged":
      return `the answer was unusable (${failed.reason})`;
  }
}
