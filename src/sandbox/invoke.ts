import { resolve } from "node:path";
import { type LogLine, loadFunctionApp } from "./functions-worker.ts";
import { runQueues } from "./queue-host.ts";

// Loads the built function app (`npm run build`) as the Functions worker does and fires its timer once, with the settings
// of this process. With several tenants it then takes the messages out of the queue. Prints what was logged. Exits with 1 if
// the timer's invocation failed.
const functions = await loadFunctionApp(resolve(import.meta.dirname, "../.."));
const timer = functions.find(({ name }) => name === "take-snapshot");
if (!timer) throw new Error("the function app registered no timer");
const print = ({ message }: LogLine) => console.log(message);
const { logs, error } = await timer.invokeTimer({
  IsPastDue: false,
  ScheduleStatus: null,
  Schedule: { AdjustForDST: true },
});
logs.forEach(print);
if (error !== undefined) process.exitCode = 1;
const queues = process.env.AzureWebJobsStorage__queueServiceUri;
if (queues !== undefined) await runQueues(queues, { functions, onLog: print });
