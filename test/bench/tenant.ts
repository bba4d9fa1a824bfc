import { createInterface } from "node:readline";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { scriptFaults } from "./faults.ts";

// The tenant and its storage, in a process of their own: `node tenant.ts USERS LATENCY_MS [SHARE_OF_FAULTS]`.
// Prints the environment of a run as one line of JSON, then serves until its input ends. Each line of input is a share of
// the users that is to change; a line is printed when it has.
const [users = "10000", latencyMs = "0", faultShare = "0"] = process.argv.slice(2);
await using sandbox = await startSandbox({
  users: Number(users),
  latencyMs: Number(latencyMs),
  pageCacheBytes: 3 * 2 ** 30,
});

if (Number(faultShare) > 0) scriptFaults(sandbox.tenant, Number(faultShare));

console.log(JSON.stringify(sandbox.environment));
for await (const share of createInterface({ input: process.stdin })) {
  const { directory } = sandbox.tenant;
  const every = Math.round(1 / Number(share));
  for (const [index, id] of [...directory.ids()].entries()) {
    if (index % every === 0) directory.update(id, { jobTitle: `Job ${Date.now()}` });
  }
  console.log("changed");
}
