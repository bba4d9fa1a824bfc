import { execFile } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openSnapshots } from "../../src/library.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { openContainer } from "../../src/storage/container.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROLLCALL = path.join(ROOT, "lib/rollcall.js");
const ROUNDS = 7;
const MAX_PART_BYTES = 2 ** 28;
/** What unpacking, counting and hashing cost at least, with the tools that everybody has. */
const BASELINE = 'zcat "$@" | wc -l && sha256sum "$@"';
const BASELINE_NAME = "`zcat PARTS | wc -l`, then `sha256sum PARTS`, from the disk";

/** Seconds of something in each round. */
type Times = Map<string, number[]>;

/**
 * Measures how long a snapshot's users take to read, against other programs that read the same files. In each round
 * everything runs once, one after another, each in processes of its own and with the built command line; the ratio is the
 * median of the rounds' ratios. Azurite serves the blobs from memory; how long it takes to do that alone is measured, too.
 *
 * @returns a table in Markdown
 */
export async function measureReading(users: number): Promise<string> {
  await promisify(execFile)(process.execPath, ["build.ts"], { cwd: ROOT });
  await using sandbox = await startSandbox({ users });
  trustSandbox(sandbox.tenant.tls);
  await seconds(process.execPath, [ROLLCALL, "snapshot"], sandbox.environment);
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "rollcall-reading-"));
  const times: Times = new Map();
  const add = (what: string, s: number) => times.set(what, [...(times.get(what) ?? []), s]);
  const files = await download(sandbox, folder.path);
  const out = path.join(folder.path, "users.ndjson");
  for (let round = 0; round < ROUNDS; round++) {
    add(BASELINE_NAME, await seconds("bash", ["-c", BASELINE, "bash", ...files.paths]));
    add("`rollcall verify`", await seconds(process.execPath, [ROLLCALL, "verify"], sandbox.environment));
    add(
      "`rollcall users --out FILE`",
      await seconds(process.execPath, [ROLLCALL, "users", "--out", out], sandbox.environment),
    );
    add("the parts from Azurite, and nothing else", (await download(sandbox, folder.path)).seconds);
  }
  const baseline = times.get(BASELINE_NAME) ?? [];
  const rows = [...times].map(([what, each]) => {
    const ratio = median(each.map((s, round) => s / (baseline[round] ?? Number.NaN)));
    return `| ${what} | ${median(each).toFixed(2)} | ${Math.min(...each).toFixed(2)} | ${ratio.toFixed(2)} |`;
  });
  const head = ["| | median s | best s | times the first |", "| --- | --- | --- | --- |"];
  return [...head, ...rows].join("\n");
}

/** Reads the parts one after another, and leaves them as files. */
async function download({ storage, environment }: Sandbox, folder: string) {
  const { connectionString } = storage;
  const name = environment.ROLLCALL_CONTAINER ?? "";
  const nobody = { getToken: async () => null };
  const { signal } = new AbortController();
  const container = openContainer({ kind: "local", connectionString }, name, nobody, signal);
  const snapshots = await openSnapshots({ storage: connectionString, container: name });
  const { folder: run, manifest } = await snapshots.latest();
  const paths: string[] = [];
  let ms = 0;
  for (const part of manifest.parts) {
    const startedMs = performance.now();
    const body = await container.read(`${run.path}/${part.name}`, MAX_PART_BYTES);
    ms += performance.now() - startedMs;
    if (!body) throw new Error(`${part.name} is missing`);
    const file = path.join(folder, part.name);
    await writeFile(file, body);
    paths.push(file);
  }
  return { paths, seconds: ms / 1000 };
}

/** Runs a program to its end. */
async function seconds(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const startedMs = performance.now();
  await promisify(execFile)(program, args, { env: { PATH: process.env.PATH, ...environment } });
  return (performance.now() - startedMs) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
