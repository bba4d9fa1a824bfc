import process from "node:process";
import { loadFunctionApp } from "../../src/sandbox/functions-worker.ts";
import { runQueues } from "../../src/sandbox/queue-host.ts";

// An instance of the function app with several tenants: takes messages until the queues are empty, and prints what is logged.
const functions = await loadFunctionApp(".");
await runQueues(process.env.AzureWebJobsStorage__queueServiceUri ?? "", {
  functions,
  // A message of a worker that was killed comes back after this long.
  hiddenSeconds: 2,
  // Kills are many in a test, and a message must outlive them.
  maxDequeueCount: 100,
  onLog: ({ message }) => process.stdout.write(`${message}\n`),
});
process.exit();
