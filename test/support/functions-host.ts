import process from "node:process";
import { loadFunctionApp, type RegisteredFunction } from "../../src/sandbox/functions-worker.ts";

// The worker of a Functions host: runs the timer's function once and prints its log lines. Told to end, it does as the
// real one: it runs the hooks and exits, whatever is still under way (azure-functions-nodejs-worker, terminateWorker.ts).
const [timer] = (await loadFunctionApp(".")) as [RegisteredFunction];

let ending = false;
process.on("message", () => {
  if (ending) return;
  ending = true;
  const ended = timer.terminate();
  process.send?.("terminating");
  void ended.then(() => process.exit(0));
});
process.once("disconnect", () => process.exit());

async function runOnce(): Promise<void> {
  const { logs } = await timer.invokeTimer({
    IsPastDue: false,
    ScheduleStatus: null,
    Schedule: { AdjustForDST: true },
  });
  for (const { message } of logs) process.stdout.write(`${message}\n`);
}

// With --late the invocation comes when the worker has been told to end.
if (process.argv.includes("--late")) await timer.terminate();
await runOnce();
if (!ending) process.disconnect();
