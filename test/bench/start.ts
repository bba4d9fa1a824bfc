import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROLLCALL = path.join(ROOT, "lib/rollcall.js");
const COLD_START = fileURLToPath(new URL("cold-start.ts", import.meta.url));
const ROUNDS = 15;

/** Milliseconds of something in each round. */
type Times = Map<string, number[]>;

/**
 * Measures how long commands take to start, and the function to send its first request. In each round everything runs once, one
 * after another, so that a busy moment of the machine is no property of one of them; medians are shown, and the best.
 *
 * @returns a table in Markdown
 */
export async function measureStart(): Promise<string> {
  await promisify(execFile)(process.execPath, ["build.ts"], { cwd: ROOT });
  await using sandbox = await startSandbox({ users: 500 });
  await run([ROLLCALL, "snapshot"], sandbox.environment);
  const times: Times = new Map();
  for (let round = 0; round < ROUNDS; round++) await measureRound(sandbox, times, round);
  const [bareMs = 0] = medianAndBest(times.get("node -e 0") ?? []);
  const rows = [...times].map(([what, ms]) => {
    const [median, best] = medianAndBest(ms);
    return `| ${what} | ${median.toFixed(0)} | ${best.toFixed(0)} | ${(median / bareMs).toFixed(1)} |`;
  });
  return ["| | median ms | best ms | times a bare node |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

async function measureRound({ environment, storage }: Sandbox, times: Times, round: number): Promise<void> {
  const local = { ...environment, ROLLCALL_STORAGE: storage.connectionString };
  const add = (what: string, ms: number) => times.set(what, [...(times.get(what) ?? []), ms]);
  add("node -e 0", (await run(["-e", "0"])).ms);
  add("rollcall --help", (await run([ROLLCALL, "--help"])).ms);
  add("rollcall list, connection string", (await run([ROLLCALL, "list"], local)).ms);
  add("rollcall show, connection string", (await run([ROLLCALL, "show"], local)).ms);
  add("rollcall list, managed identity", (await run([ROLLCALL, "list"], environment)).ms);
  add("rollcall show, managed identity", (await run([ROLLCALL, "show"], environment)).ms);
  // In a container of its own: the process ends in the middle of its run, and leaves the lock.
  const { stdout } = await run([COLD_START], { ...environment, ROLLCALL_CONTAINER: `cold-${round}` });
  const { loadedMs, requestMs } = JSON.parse(stdout);
  add("function: loaded", loadedMs);
  add("function: first request", requestMs);
}

/** Runs Node to its end; the tenant answers from this process meanwhile, the storage from one of its own. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const startedMs = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { PATH: process.env.PATH, ...environment },
  });
  return { ms: performance.now() - startedMs, stdout };
}

function medianAndBest(ms: readonly number[]): readonly [number, number] {
  const sorted = ms.toSorted((one, other) => one - other);
  return [sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, sorted[0] ?? Number.NaN];
}
