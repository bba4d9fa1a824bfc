import { loadFunctionFor } from "../support/function-runs.ts";
import { heldAfterCollection } from "../support/held.ts";
import { startBenchTenant } from "./bench-tenant.ts";

// What a Functions worker gains night by night: the built function, many times in this process, with the tenant in
// another. After `npm run build`: `node test/bench/many-runs.ts [RUNS] [USERS]`.
const [runs = "200", users = "3000"] = process.argv.slice(2);
await using tenant = await startBenchTenant(Number(users), 0);
const run = await loadFunctionFor(tenant.environment);
const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(7);

console.log("runs  RSS MB  heap MB  external MB  handles");
for (let done = 0; done <= Number(runs); done++) {
  if (done > 0) await run();
  if (done > 1 && done % 20 !== 0) continue;
  const { rss } = process.memoryUsage();
  const { heapBytes, externalBytes, handles } = await heldAfterCollection();
  console.log(
    `${String(done).padStart(4)} ${mb(rss)}  ${mb(heapBytes)}      ${mb(externalBytes)}  ${JSON.stringify(handles)}`,
  );
}
