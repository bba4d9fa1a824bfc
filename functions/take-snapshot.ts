import { app, type InvocationContext, type Timer } from "@azure/functions";
import { systemClock } from "../src/clock.ts";
import { asRollcallError, RollcallError } from "../src/error.ts";
import { readSettings } from "../src/settings.ts";
import { committedSummary, failedSummary } from "../src/summary.ts";
import { takeSnapshot } from "../src/take-snapshot.ts";

const termination = new AbortController();

// The host allows five seconds after this: enough to leave cleanly, not to finish a snapshot.
app.hook.appTerminate(() => {
  termination.abort(
    new RollcallError("terminated", {
      doing: "taking a snapshot",
      problem: "the Functions host is shutting this instance down",
      remedy: "Nothing was published. The host starts the run again on another instance, as past due.",
    }),
  );
});

app.timer("take-snapshot", {
  schedule: "%ROLLCALL_SCHEDULE%",
  runOnStartup: false,
  useMonitor: true,
  retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { minutes: 5 } },
  handler: onTimer,
});

/** Takes the night's snapshot and writes one JSON line about it; a failed run fails the invocation. */
async function onTimer(timer: Timer, context: InvocationContext): Promise<void> {
  const startedMs = systemClock.now();
  const occasion = { pastDue: timer.isPastDue, attempt: (context.retryContext?.retryCount ?? 0) + 1 };
  try {
    const taken = await takeSnapshot(readSettings(process.env), { signal: termination.signal });
    for (const warning of taken.warnings) context.warn(warning);
    context.log(JSON.stringify({ ...committedSummary(taken), ...occasion }));
  } catch (error) {
    const failure = asRollcallError(error);
    context.error(JSON.stringify({ ...failedSummary(failure, systemClock.now() - startedMs), ...occasion }));
    throw failure;
  }
}
