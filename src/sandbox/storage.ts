import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type SandboxTls, sandboxTls } from "./service/tls.ts";

/** How the storage emulator runs. */
export interface StorageOptions {
  /** TLS of the service; by default made once for this process. */
  readonly tls?: SandboxTls;
  /** Folder for the blobs or messages; in memory when absent. */
  readonly location?: string;
  /** Any free port by default. */
  readonly port?: number;
}

/** Blobs, or queues, that are opened with bearer tokens over TLS, as the real ones are. */
export interface Storage extends AsyncDisposable {
  /** Address of the service, account included, without a trailing slash. */
  readonly url: string;
  /** Address and account key, for clients without a token. */
  readonly connectionString: string;
}

/** Name of the emulator's account. */
export const ACCOUNT = "devstoreaccount1";

/** Azurite's account key, which is published (learn.microsoft.com/azure/storage/common/storage-use-azurite). */
export const ACCOUNT_KEY =
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** Loaded into the emulator: exits when standard input ends, as it does when the parent dies, however that happens. */
const EXIT_WITH_PARENT = `process.stdin.resume().on("close", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.exit(), 2000).unref();
}).unref();`;

const KILL_AFTER_MS = 5_000;

/** Runs Azurite's blob service in its own process. Resolves when it accepts connections. */
export async function startStorage(options: StorageOptions = {}): Promise<Storage> {
  return await startService("blob", options);
}

/** Runs Azurite's queue service: the one that the Functions host keeps messages in. */
export async function startQueues(options: StorageOptions = {}): Promise<Storage> {
  return await startService("queue", options);
}

async function startService(service: "blob" | "queue", options: StorageOptions): Promise<Storage> {
  const tls = options.tls ?? (await sandboxTls());
  if (options.location !== undefined) await mkdir(options.location, { recursive: true });
  const persistence =
    options.location === undefined ? ["--inMemoryPersistence"] : ["--location", options.location];
  const child = spawn(
    process.execPath,
    [
      ...["--import", `data:text/javascript,${encodeURIComponent(EXIT_WITH_PARENT)}`],
      createRequire(import.meta.url).resolve(`azurite/dist/src/${service}/main.js`),
      ...persistence,
      ...[`--${service}Host`, "127.0.0.1", `--${service}Port`, String(options.port ?? 0)],
      ...["--cert", tls.certificateFile, "--key", tls.keyFile, "--oauth", "basic"],
      ...["--skipApiVersionCheck", "--disableTelemetry", "--silent"],
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const origin = await readOrigin(child, child.stdout, child.stderr);
  const url = `${origin}/${ACCOUNT}`;
  return {
    url,
    connectionString: `DefaultEndpointsProtocol=https;AccountName=${ACCOUNT};AccountKey=${ACCOUNT_KEY};${service === "blob" ? "Blob" : "Queue"}Endpoint=${url};`,
    // In memory there is nothing to save, and nothing to wait for.
    [Symbol.asyncDispose]: () => stop(child, options.location === undefined ? "SIGKILL" : "SIGTERM"),
  };
}

/** The address that the emulator prints once it listens. */
async function readOrigin(child: ChildProcess, stdout: Readable, stderr: Readable): Promise<string> {
  const lines: string[] = [];
  createInterface({ input: stderr }).on("line", (line) => lines.push(line));
  for await (const line of createInterface({ input: stdout })) {
    const origin = /successfully listens on (https:\/\/\S+)/.exec(line)?.[1];
    if (origin === undefined) {
      lines.push(line);
      continue;
    }
    // Keep reading: a full pipe would block the emulator.
    stdout.resume();
    return origin;
  }
  await stop(child, "SIGKILL");
  throw new Error(`the storage emulator did not start: ${lines.join(" ")}`);
}

async function stop(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
  await exited;
  clearTimeout(timer);
}
