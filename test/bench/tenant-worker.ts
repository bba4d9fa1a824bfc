import process from "node:process";
import { loadFunctionApp } from "../../src/sandbox/functions-worker.ts";
import { runQueues } from "../../src/sandbox/queue-host.ts";

// One of several workers that stand for instances: takes messages until the queues are empty, then says what that cost.
const functions = await loadFunctionApp(".");
const outcomes: Record<string, number> = {};
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
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMb: maxRSS / 1024, outcomes }));
process.exit();
