import { setTimeout as delay } from "node:timers/promises";
import { app, type InvocationContext, type Timer } from "@azure/functions";
import { SECOND, systemClock } from "../src/clock.ts";
import { asRollcallError, RollcallError } from "../src/error.ts";
import { readSettings } from "../src/settings/settings.ts";
import { takeSnapshot } from "../src/take-snapshot.ts";
import { committedSummary, failedSummary } from "./summary.ts";

/** The host kills the worker five seconds after it has told it to end: enough to leave cleanly, not to finish. */
const LEAVE_WITHIN_MS = 4.5 * SECOND;
/** For the log lines of a run that has just ended: the worker ends its process without flushing them. */
const LOG_FLUSH_MS = 100;

const termination = new AbortController();
const running = new Set<Promise<void>>();

// The worker exits as soon as its hooks have returned (azure-functions-nodejs-worker, terminateWorker.ts), so this one
// returns when the runs have taken back their parts and let go of their locks.
app.hook.appTerminate(async () => {
  termination.abort(
    new RollcallError("terminated", {
      doing: "taking a snapshot",
      problem: "the Functions host is shutting this instance down",
      remedy: "Nothing was published. The host starts the run again on another instance, as past due.",
    }),
  );
  if (running.size === 0) return;
  await Promise.race([Promise.allSettled(running), delay(LEAVE_WITHIN_MS, undefined, { ref: false })]);
  await delay(LOG_FLUSH_MS);
});

app.timer("take-snapshot", {
  schedule: "%ROLLCALL_SCHEDULE%",
  runOnStartup: false,
  useMonitor: true,
  retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { minutes: 5 } },
  handler: async (timer: Timer, context: InvocationContext) => {
    const run = onTimer(timer, context);
    running.add(run);
    try {
      await run;
    } finally {
      running.delete(run);
    }
  },
});

/** Takes the night's snapshot and writes one JSON line about it; a failed run fails the invocation. */
async function onTimer(timer: Timer, context: InvocationContext): Promise<void> {
  const startedMs = systemClock.elapsed();
  const occasion = { pastDue: timer.isPastDue, attempt: (context.retryContext?.retryCount ?? 0) + 1 };
  try {
    const taken = await takeSnapshot(readSettings(process.env), { signal: termination.signal });
    for (const warning of taken.warnings) context.warn(warning);
    context.log(JSON.stringify({ ...committedSummary(taken), ...occasion }));
  } catch (error) {
    const failure = asRollcallError(error);
    context.error(
      JSON.stringify({ ...failedSummary(failure, systemClock.elapsed() - startedMs), ...occasion }),
    );
    throw failure;
  }
}
