import type { Clock } from "../clock.ts";
import { DamagedBodyError, NetworkError } from "./exchange.ts";
import type { ProxyRules } from "./proxy.ts";
import { type FailedTry, retryDelayMs } from "./retry.ts";

/** One try's result: what was wanted, or why not. */
export type Try<T> = { readonly done: T } | { readonly failed: FailedTry };

/** What the loop needs to know about the run it serves. */
export interface RetryContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** When the run's time is up, in milliseconds by {@link Clock.elapsed}: no wait is begun that would end later. */
  readonly deadlineMs: number;
  /** The way out of this network; absent: connections are direct. */
  readonly proxy?: ProxyRules | undefined;
}

/** What became of a request that was not answered well. */
export interface GivenUp {
  readonly failed: FailedTry;
  /** Tries made, counting from 1. */
  readonly tries: number;
  /** The wait that the run's remaining time could not hold, in milliseconds; absent when tries ran out. */
  readonly waitTooLongMs?: number;
}

/**
 * Makes one try after another until one is done or {@link retryDelayMs} gives up.
 *
 * @param makeTry one try; may throw {@link NetworkError} or {@link DamagedBodyError}, which count as failed tries;
 *   anything else it throws ends the loop
 * @param onRetry told of each failed try that will be made again, before the wait
 * @param giveUp makes the error for the last failed try
 */
export async function retrying<T>(
  { clock, signal, deadlineMs }: RetryContext,
  makeTry: () => Promise<Try<T>>,
  onRetry: (failed: FailedTry) => void,
  giveUp: (givenUp: GivenUp) => Error,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    const outcome = await makeTry().catch(asFailedTry);
    if ("done" in outcome) return outcome.done;
    const { failed } = outcome;
    const delayMs = retryDelayMs(failed, tries, clock.now(), Math.random());
    if (delayMs === undefined) throw giveUp({ failed, tries });
    if (clock.elapsed() + delayMs >= deadlineMs) throw giveUp({ failed, tries, waitTooLongMs: delayMs });
    onRetry(failed);
    await clock.sleep(delayMs, signal);
  }
}

function asFailedTry(error: unknown): { readonly failed: FailedTry } {
  if (error instanceof NetworkError) return { failed: { kind: "network", code: error.code } };
  if (error instanceof DamagedBodyError) return { failed: { kind: "damaged", reason: error.message } };
  throw error;
}

/** What happened, for an error's text: `no answer to its end after 10 tries (ECONNRESET)`. */
export function describeGivenUp({ failed, tries, waitTooLongMs }: GivenUp): string {
  const after = tries === 1 ? "at the first try" : `after ${tries} tries`;
  const text = `${describeFailedTry(failed)} ${after}`;
  if (waitTooLongMs === undefined) return text;
  return `${text}, and the wait of ${Math.ceil(waitTooLongMs / 1000)} s that is due would outlast the run's time budget`;
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  TOO_SLOW: "the answer did not come to its end in time, although it kept moving",
  PROXY_UNREACHABLE: "the proxy that HTTPS_PROXY names did not answer",
  PROXY_UNAVAILABLE: "the proxy that HTTPS_PROXY names could not connect",
};

function describeFailedTry(failed: FailedTry): string {
  switch (failed.kind) {
    case "status":
      return `refused with ${failed.status}`;
    case "network":
      return NETWORK_WORDS[failed.code] ?? `no whole answer came (${failed.code})`;
    case "damaged":
      return `the answer was unusable (${failed.reason})`;
  }
}
