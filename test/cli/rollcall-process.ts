import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { runCli } from "../../src/cli/cli.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { compileCache } from "../support/compile-cache.ts";

const CLI = fileURLToPath(new URL("../../src/cli/rollcall.ts", import.meta.url));

/** What a command left behind. */
export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line in a process with none of our variables but `environment`. */
export function startRollcall(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd = "/",
): ChildProcess & { readonly stdout: NodeJS.ReadableStream; readonly stderr: NodeJS.ReadableStream } {
  return spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...environment, ...compileCache() },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs a command to its end. */
export async function rollcall(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd?: string,
): Promise<Outcome> {
  const child = startRollcall(args, environment, cwd);
  const exited = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await exited;
  return { exitCode: child.exitCode, stdout, stderr };
}

/**
 * Runs a command in this process, which is ten times as fast. Trust in a sandbox's certificates, and where to find its
 * identity, are then this process's affair.
 */
export async function rollcallHere(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd = "/",
): Promise<Outcome> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const { signal } = new AbortController();
  const exitCode = await runCli(args, { stdout, stderr, environment: { ...environment }, cwd, signal });
  stdout.end();
  stderr.end();
  const [out, err] = await outputs;
  return { exitCode, stdout: out, stderr: err };
}

/** Runs commands in a sandbox and sees to it that none of them tells a secret. */
export function rollcallIn(
  sandbox: Sandbox,
  overrides: Readonly<Record<string, string>> = {},
  run: typeof rollcall = rollcall,
): (...args: readonly string[]) => Promise<Outcome> {
  return async (...args) => {
    const outcome = await run(args, { ...sandbox.environment, ...overrides });
    assertNoSecretIn(outcome, sandbox);
    return outcome;
  };
}

/** Asserts that neither output holds a secret, a token, a key or a stack trace. */
export function assertNoSecretIn({ stdout, stderr }: Outcome, sandbox: Sandbox): void {
  const keyLine = sandbox.certificate.pem.split("\n")[5] ?? "";
  const accountKey = /AccountKey=([^;]+)/.exec(sandbox.storage.connectionString)?.[1] ?? "";
  const secrets = [sandbox.secret, keyLine, accountKey, sandbox.tenant.identity.header];
  for (const word of [...secrets, "eyJ", "PRIVATE KEY", "\n    at "]) {
    assert.notEqual(word, "");
    assert.ok(!stdout.includes(word) && !stderr.includes(word), `told: ${stdout}${stderr}`);
  }
}

/** A message without its line breaks and indents, which fall anywhere. */
export function unwrapped(text: string): string {
  return text.replaceAll(/\n +/g, " ");
}

/** The JSON of a successful command's output. */
export function jsonOf({ exitCode, stdout, stderr }: Outcome): unknown {
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout);
}

/** The one JSON object on standard error. */
export function failureOf({ stderr }: Outcome): Record<string, unknown> {
  return JSON.parse(stderr) as Record<string, unknown>;
}
