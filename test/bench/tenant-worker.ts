import { subscribe } from "node:diagnostics_channel";
import process from "node:process";
import { loadFunctionApp } from "../../src/sandbox/functions-worker.ts";
import { runQueues } from "../../src/sandbox/queue-host.ts";

/** What a worker says of itself each second, and when it ends: the last line before it is killed counts. */
export interface WorkerReport {
  readonly cpuMs: number;
  readonly rssMb: number;
  /** Requests to the blob service. */
  readonly storageRequests: number;
  /** Lines by their outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
}

// One of several workers that stand for instances: takes messages until the queues are empty.
const functions = await loadFunctionApp(".");
const outcomes: Record<string, number> = {};
const storagePort = new URL(process.env.ROLLCALL_STORAGE ?? "").port;
let storageRequests = 0;
subscribe("http.client.request.start", (message) => {
  const { request } = message as { readonly request: { getHeader(name: string): unknown } };
  if (String(request.getHeader("host")).endsWith(`:${storagePort}`)) storageRequests++;
});

function report(): void {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const said: WorkerReport = {
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
    rssMb: maxRSS / 1024,
    storageRequests,
    outcomes,
  };
  console.log(JSON.stringify(said));
}

setInterval(report, 1000).unref();
await runQueues(process.env.AzureWebJobsStorage__queueServiceUri ?? "", {
  functions,
  hiddenSeconds: 20,
  maxDequeueCount: 100,
  onLog: ({ message }) => {
    if (!message.startsWith("{")) return;
    const { outcome } = JSON.parse(message);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  },
});
report();
process.exit();
