import { setTimeout as delay } from "node:timers/promises";
import { app } from "@azure/functions";
import { SECOND } from "../src/clock.ts";
import { RollcallError } from "../src/error.ts";

/** The host kills the worker five seconds after it has told it to end: enough to leave cleanly, not to finish. */
const LEAVE_WITHIN_MS = 4.5 * SECOND;
/** For the log lines of a run that has just ended: the worker ends its process without flushing them. */
const LOG_FLUSH_MS = 100;

const termination = new AbortController();
const running = new Set<Promise<void>>();

/** Aborted when the host shuts this instance down. */
export const terminated: AbortSignal = termination.signal;

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

/** Has the shutdown of the instance wait for a run. */
export async function untilDone(run: Promise<void>): Promise<void> {
  running.add(run);
  try {
    await run;
  } finally {
    running.delete(run);
  }
}
