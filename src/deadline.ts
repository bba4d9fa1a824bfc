import { type Clock, MINUTE } from "./clock.ts";
import { RollcallError } from "./error.ts";

/** The time limits of a run, for everything that waits. */
export interface RunContext {
  readonly clock: Clock;
  /** Ends the run; its reason is what the run then throws. */
  readonly signal: AbortSignal;
  /** When the run's time is up, in milliseconds by {@link Clock.elapsed}. No wait is started that would end later. */
  readonly deadlineMs: number;
}

/** A run's time limit. Disposing it ends everything that is still waiting. */
export interface Deadline extends Disposable {
  /** Aborted with `time-budget-exceeded`, or with the parent's reason if that comes first. */
  readonly signal: AbortSignal;
}

/**
 * Gives work under way time to finish when the run is told to stop: the signal is aborted `graceMs` milliseconds after the
 * parent, with the parent's reason.
 */
export function startGrace(parent: AbortSignal, graceMs: number): Deadline {
  const grace = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const startTimer = () => {
    timer = setTimeout(() => grace.abort(parent.reason), graceMs);
  };
  if (parent.aborted) startTimer();
  else parent.addEventListener("abort", startTimer, { once: true });
  return {
    signal: grace.signal,
    [Symbol.dispose]: () => {
      parent.removeEventListener("abort", startTimer);
      clearTimeout(timer);
    },
  };
}

/**
 * Ends a run from within. The Functions host cannot cancel a Node function: at its own timeout it restarts the worker, and
 * our code would not run again.
 *
 * @param budgetMs milliseconds from now
 * @param parent ends the run for other reasons; absent: nothing else does
 */
export function startDeadline(budgetMs: number, parent?: AbortSignal): Deadline {
  const expiry = new AbortController();
  const timer = setTimeout(() => {
    expiry.abort(
      new RollcallError("time-budget-exceeded", {
        doing: "taking a snapshot",
        problem: `the time budget of ${Number((budgetMs / MINUTE).toFixed(2))} minutes ran out`,
        remedy:
          "Nothing was published. Raise ROLLCALL_TIME_BUDGET_MINUTES, and functionTimeout in host.json above it. " +
          "The progress and the numbers of retries and throttled requests in the log show where the time went.",
      }),
    );
  }, budgetMs);
  return {
    signal: parent ? AbortSignal.any([parent, expiry.signal]) : expiry.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      expiry.abort(new Error("what this was for has ended"));
    },
  };
}

/** What `work` gives, or the signal's reason as soon as that is aborted: for work that does not heed a signal itself. */
export async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const end = () => reject(signal.reason);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
