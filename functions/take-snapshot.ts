import { app, type InvocationContext, type Timer } from "@azure/functions";
import { systemClock } from "../src/clock.ts";
import { asRollcallError } from "../src/error.ts";
import { namesTenants } from "../src/settings/settings.ts";
import { untilDone } from "./running.ts";
import { failedSummary } from "./summary.ts";
import { takeAndTell } from "./take-and-tell.ts";

app.timer("take-snapshot", {
  schedule: "%ROLLCALL_SCHEDULE%",
  runOnStartup: false,
  useMonitor: true,
  retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { minutes: 5 } },
  handler: (timer: Timer, context: InvocationContext) => untilDone(onTimer(timer, context)),
});

/**
 * Takes the night's snapshot and writes one JSON line about it; a failed run fails the invocation. Of several tenants it
 * puts each into the queue of `snapshot-tenant`.
 */
async function onTimer(timer: Timer, context: InvocationContext): Promise<void> {
  const startedMs = systemClock.elapsed();
  const occasion = { pastDue: timer.isPastDue, attempt: (context.retryContext?.retryCount ?? 0) + 1 };
  try {
    if (!namesTenants(process.env)) return await takeAndTell(process.env, context, occasion);
    const { startNight } = await import("./start-night.ts");
    await startNight(timer, context, occasion);
  } catch (error) {
    const failure = asRollcallError(error);
    context.error(
      JSON.stringify({ ...failedSummary(failure, systemClock.elapsed() - startedMs), ...occasion }),
    );
    throw failure;
  }
}
