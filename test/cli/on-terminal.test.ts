import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { runCli } from "../../src/cli/cli.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { jsonOf, type Outcome, rollcallHere, rollcallIn } from "./rollcall-process.ts";

/** Each character that a terminal obeys rather than shows. */
const STEERING = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  0x061c,
  ...range(0x200e, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2066, 0x2069),
].map((code) => String.fromCharCode(code));

/** What no command may send to a terminal: all of them but the ends of its own lines, and tabs. */
const STEERS = new RegExp(
  `[${STEERING.filter((mark) => mark !== "\n" && mark !== "\t")
    .join("")
    .replace("\\", "")}]`,
  "u",
);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** A name that holds them all, and sequences that clear the screen, set its title and hide a link. */
const NAME = `a${STEERING.join("b")}c\u001B[2J\u001B]0;title\u0007\u009B31m\u001B]8;;https://x.example\u0007d`;

let sandbox: Sandbox;
let environment: Record<string, string>;
let manifest: Manifest;

before(async () => {
  sandbox = await startTestSandbox({ users: 30 });
  environment = { ...sandbox.environment, ROLLCALL_STORAGE: sandbox.storage.connectionString };
  const run = rollcallIn(sandbox, {}, rollcallHere);
  const first = jsonOf(await run("snapshot", "--json")) as Manifest;
  const { directory } = sandbox.tenant;
  const [one = "", other = ""] = [...directory.ids()];
  directory.update(one, { displayName: NAME, department: NAME });
  directory.remove(other);
  directory.add({ displayName: NAME, userPrincipalName: `joined${NAME}@contoso.example` });
  // Run ids have whole seconds.
  while (Date.now() < Date.parse(first.startedAt) + 1000) await delay(50);
  manifest = jsonOf(await run("snapshot", "--json")) as Manifest;
});
after(() => sandbox[Symbol.asyncDispose]());

/** The colours of our own marks, which begin a line. */
const ESCAPE = "\u001B";
const OWN_COLOUR = new RegExp(`^${ESCAPE}\\[3[123]m(✓|✗|!|rollcall: [a-z-]+)${ESCAPE}\\[39m`, "gmu");

/** As on a terminal, both outputs. */
function onTerminal(...args: readonly string[]): Promise<Outcome> {
  return onTerminalOf({ columns: 200, rows: 50 }, ...args);
}

async function onTerminalOf(
  size: { readonly columns?: number; readonly rows?: number },
  ...args: readonly string[]
): Promise<Outcome> {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, ...size });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, ...size });
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const { signal } = new AbortController();
  const io = { stdout, stderr, environment: { ...environment }, cwd: "/", signal };
  // A progress line is rewritten in place; it says nothing that came out of a blob.
  const exitCode = await runCli([...args, "--no-progress"], io);
  stdout.end();
  stderr.end();
  const [out, complaints] = await outputs;
  return { exitCode, stdout: out, stderr: complaints };
}

describe("on a terminal", () => {
  it("no command writes what would steer it", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-terminal-"));
    const changed = `displayName=${NAME}`;
    for (const args of [
      ["users"],
      ["users", "--format", "json"],
      ["users", "--format", "table"],
      ["users", "--format", "table", "--where", changed],
      ["users", "--where", `=${NAME}`],
      ["users", "--select", NAME],
      ["users", NAME],
      ["users", "--json", NAME],
      ["diff"],
      ["diff", "--json"],
      ["diff", "--property", NAME],
      ["show"],
      ["show", "--json"],
      ["show", "--json", NAME],
      ["list"],
      ["list", "--json"],
      ["history"],
      ["history", "--json"],
      ["verify"],
      ["verify", "--json"],
      ["report", "--out", join(folder.path, "report.html")],
      ["report", "--json", "--out", join(folder.path, "no-such-folder", `${NAME.replaceAll("\0", "")}.html`)],
      [NAME],
    ]) {
      const { stdout, stderr } = await onTerminal(...args);
      assert.doesNotMatch((stdout + stderr).replaceAll(OWN_COLOUR, "$1"), STEERS, args.join(" "));
      assert.notEqual(stdout + stderr, "", args.join(" "));
    }
  });

  it("CSV keeps its line breaks, and nothing else that would steer it", async () => {
    const { exitCode, stdout } = await onTerminal("users", "--format", "csv");
    assert.equal(exitCode, 0);
    assert.match(stdout, /\r\n/);
    assert.doesNotMatch(stdout.replaceAll("\r\n", "\n"), STEERS);
  });

  it("that says it has no columns, a table is as wide as on one that says nothing", async () => {
    const users = ["users", "--output", "table", "--limit", "2"];
    const table = await onTerminalOf({ columns: 0, rows: 0 }, ...users);
    assert.deepEqual(table, await onTerminalOf({}, ...users));
    assert.match(table.stdout, /^userPrincipalName +displayName +userType +accountEnabled\n/);
    assert.equal(table.stderr, "");
  });

  it("JSON stays the same JSON", async () => {
    for (const args of [
      ["users", "--format", "json"],
      ["show", "--json"],
      ["history", "--json"],
    ]) {
      const seen = JSON.parse((await onTerminal(...args)).stdout);
      assert.deepEqual(seen, JSON.parse((await rollcallHere(args, environment)).stdout), args.join(" "));
    }
    for (const args of [["users"], ["diff", "--json"]]) {
      const linesOf = ({ stdout }: Outcome) =>
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line));
      const seen = linesOf(await onTerminal(...args));
      assert.deepEqual(seen, linesOf(await rollcallHere(args, environment)), args.join(" "));
      assert.ok(JSON.stringify(seen).includes("\u202E"));
    }
  });
});

describe("to a pipe or a file", () => {
  it("the bytes are as they are stored", async () => {
    for (const args of [["users"], ["users", "--format", "csv"], ["diff", "--json"]]) {
      const { stdout } = await rollcallHere(args, environment);
      for (const mark of ["\u202E", "\u2028", "\u0085", "\u061C"]) {
        assert.ok(stdout.includes(mark), `${args.join(" ")} ${mark.charCodeAt(0).toString(16)}`);
      }
    }
    assert.equal(manifest.completeness.verdict, "complete");
  });
});
