import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A tenant in a process of its own, and the environment that points a client to it. */
export interface BenchTenant extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
  /** Changes the job title of a share of the users, evenly spread. */
  change(share: number): Promise<void>;
}

/**
 * Starts a tenant with storage.
 *
 * @param latencyMs milliseconds before each of Graph's answers
 * @param faultShare of Graph's answers that are a refusal, an error or a reset
 */
export async function startBenchTenant(
  users: number,
  latencyMs: number,
  faultShare = 0,
): Promise<BenchTenant> {
  const script = fileURLToPath(new URL("tenant.ts", import.meta.url));
  const child = spawn(process.execPath, [script, `${users}`, `${latencyMs}`, `${faultShare}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  return {
    environment: JSON.parse(line),
    change: async (share) => {
      child.stdin.write(`${share}\n`);
      await once(child.stdout, "data");
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
