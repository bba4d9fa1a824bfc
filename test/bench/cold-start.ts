import { subscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";
import { loadFunctionApp } from "../../src/sandbox/functions-worker.ts";

// Loads the built function app as the Functions worker does, fires its timer, and ends with its first request, to whatever
// service. Prints how long that took, in milliseconds since the app began to load.
const startedMs = performance.now();
let loadedMs = Number.NaN;
const onRequest = () => {
  process.stdout.write(JSON.stringify({ loadedMs, requestMs: performance.now() - startedMs }));
  process.exit();
};
subscribe("http.client.request.start", onRequest);
subscribe("undici:client:sendHeaders", onRequest);

const [timer] = await loadFunctionApp(fileURLToPath(new URL("../../", import.meta.url)));
loadedMs = performance.now() - startedMs;
await timer?.invokeTimer({ IsPastDue: false, ScheduleStatus: null, Schedule: { AdjustForDST: true } });
throw new Error("The function sent no request.");
