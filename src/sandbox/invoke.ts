import { resolve } from "node:path";
import { loadFunctionApp } from "./functions-worker.ts";

// Loads the built function app (`npm run build`) as the Functions worker does and fires its timer once, with the settings
// of this process. Prints what was logged. Exits with 1 if the invocation failed.
const [timer] = await loadFunctionApp(resolve(import.meta.dirname, "../.."));
if (!timer) throw new Error("the function app registered no function");
const { logs, error } = await timer.invokeTimer({
  IsPastDue: false,
  ScheduleStatus: null,
  Schedule: { AdjustForDST: true },
});
for (const { message } of logs) console.log(message);
if (error !== undefined) process.exitCode = 1;
