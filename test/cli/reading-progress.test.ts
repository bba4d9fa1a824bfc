import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { runCli } from "../../src/cli/cli.ts";
import { readingLine } from "../../src/cli/progress-line.ts";
import { ReadingProgress } from "../../src/cli/reading-progress.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { type StorageGate, startStorageGate } from "../support/storage-gate.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { jsonOf, rollcallHere, rollcallIn } from "./rollcall-process.ts";

/** A standard error that is a terminal, and what was written there. */
function watched(columns = 100) {
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns, rows: columns && 50 });
  const written = text(stderr);
  return { stderr, written };
}

describe("readingLine", () => {
  it("tells bytes, share and time left", () => {
    const state = { bytes: 25_000_000, totalBytes: 125_000_000, elapsedMs: 5000 };
    assert.equal(readingLine(state), "25.0 MB of 125.0 MB  20%  20 s left");
    assert.equal(readingLine({ ...state, elapsedMs: 60_000 }), "25.0 MB of 125.0 MB  20%  4 min left");
  });

  it("tells no time before anything has come, nor after all has, and never more than all", () => {
    const state = { bytes: 0, totalBytes: 1000, elapsedMs: 2000 };
    assert.equal(readingLine(state), "0 B of 1.0 kB  0%");
    assert.equal(readingLine({ ...state, bytes: 1200 }), "1.0 kB of 1.0 kB  100%");
    assert.equal(readingLine({ ...state, bytes: 1200, totalBytes: undefined }), "1.2 kB read");
  });
});

describe("ReadingProgress", () => {
  const terminalOn = (stderr: PassThrough) =>
    new Terminal({
      stdout: new PassThrough(),
      stderr,
      environment: {},
      cwd: "/",
      signal: new AbortController().signal,
    });

  it("shows all of it on a terminal that was told no size", async () => {
    const { stderr, written } = watched(0);
    let nowMs = 0;
    {
      using progress = new ReadingProgress(terminalOn(stderr), false, () => nowMs);
      progress.expect("20261122T020000Z", 1000);
      nowMs = 1000;
      progress.count(100);
    }
    stderr.end();
    assert.match(
      stripVTControlCharacters(await written),
      /20261122T020000Z {2}100 B of 1\.0 kB {2}10% {2}9 s left/,
    );
  });

  it("shows nothing in the first second, then redraws ten times a second at most", async () => {
    const { stderr, written } = watched();
    let nowMs = 0;
    {
      using progress = new ReadingProgress(terminalOn(stderr), false, () => nowMs);
      progress.expect("20261122T020000Z", 1000);
      for (const [ms, bytes] of [
        [999, 100],
        [1000, 100],
        [1050, 100],
        [1100, 100],
      ] as const) {
        nowMs = ms;
        progress.count(bytes);
      }
    }
    stderr.end();
    const lines = stripVTControlCharacters(await written).match(/\S+ {2}\d+ B of 1\.0 kB {2}\d+%/g);
    assert.deepEqual(lines, [
      "20261122T020000Z  200 B of 1.0 kB  20%",
      "20261122T020000Z  400 B of 1.0 kB  40%",
    ]);
  });
});

describe("a command that takes longer than a second", () => {
  let sandbox: Sandbox;
  let gate: StorageGate;

  before(async () => {
    sandbox = await startTestSandbox({ users: 30 });
    const snapshot = rollcallIn(sandbox, {}, rollcallHere);
    jsonOf(await snapshot("snapshot", "--json"));
    await delay(1000 - (Date.now() % 1000));
    jsonOf(await snapshot("snapshot", "--json"));
    const { tls } = sandbox.tenant;
    // What is read or deleted after the first second is told.
    gate = await startStorageGate(sandbox.storage, tls, undefined, async (name) => {
      if (/^(GET|DELETE) (users|fingerprints)-/.test(name)) await delay(1100);
      return undefined;
    });
  });
  after(async () => {
    await gate[Symbol.asyncDispose]();
    await sandbox[Symbol.asyncDispose]();
  });

  function told(isTerminal: boolean, ...args: readonly string[]): Promise<string> {
    return toldThrough(gate, isTerminal, ...args);
  }

  async function toldThrough(
    { url }: StorageGate,
    isTerminal: boolean,
    ...args: readonly string[]
  ): Promise<string> {
    await using folder = await mkdtempDisposable(`${tmpdir()}/rollcall-progress-`);
    const { stderr, written } = watched();
    const stdout = new PassThrough();
    const exitCode = await runCli(args, {
      stdout: stdout.resume(),
      stderr: Object.assign(stderr, { isTTY: isTerminal }),
      environment: { ...sandbox.environment, ROLLCALL_STORAGE: url },
      cwd: folder.path,
      signal: new AbortController().signal,
    });
    stderr.end();
    const all = stripVTControlCharacters(await written);
    assert.equal(exitCode, 0, all);
    return all;
  }

  for (const args of [
    ["verify"],
    ["diff"],
    ["report"],
    ["users", "--out", "users.ndjson"],
    // The last: it deletes the older of two.
    ["prune", "--keep-last", "1", "--yes"],
  ]) {
    it(`tells on a terminal how far it is: ${args.join(" ")}`, async () => {
      assert.match(await told(true, ...args), /\d k?B of \d+\.\d kB {2}\d+%/);
    });
  }

  for (const command of ["list", "history"]) {
    it(`tells on a terminal that it reads, however many runs there are: ${command}`, async () => {
      await using slow = await startStorageGate(
        sandbox.storage,
        sandbox.tenant.tls,
        undefined,
        async (name) => {
          if (name.startsWith("GET manifest.json")) await delay(1100);
          return undefined;
        },
      );
      assert.match(await toldThrough(slow, true, command), /\d\.\d kB read/);
    });
  }

  it("tells nothing where that is not wanted or nobody watches", async () => {
    assert.equal(await told(false, "verify"), "");
    for (const option of ["--json", "--quiet", "--no-progress"])
      assert.equal(await told(true, "verify", option), "", option);
  });
});
