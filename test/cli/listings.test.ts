import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "csv-parse/sync";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { failureOf, jsonOf, type Outcome, rollcallHere, rollcallIn, unwrapped } from "./rollcall-process.ts";

const USERS = 40;
const LISTINGS = ["list", "history", "users"] as const;

type Entry = Readonly<Record<string, unknown>>;

let sandbox: Sandbox;
let environment: Record<string, string>;
/** Ids of three runs, the oldest first. */
const runs: string[] = [];

before(async () => {
  sandbox = await startTestSandbox({ users: USERS });
  environment = { ...sandbox.environment, ROLLCALL_STORAGE: sandbox.storage.connectionString };
  const snapshot = rollcallIn(sandbox, {}, rollcallHere);
  for (const settings of [{}, { accountEnabled: null }, { displayName: "=1+1, renamed" }]) {
    const [id = ""] = sandbox.tenant.directory.ids();
    sandbox.tenant.directory.update(id, settings);
    // Run ids have whole seconds.
    await delay(1000 - (Date.now() % 1000));
    runs.push((jsonOf(await snapshot("snapshot", "--json")) as Manifest).runId);
  }
});
after(() => sandbox[Symbol.asyncDispose]());

function run(...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(args, environment);
}

async function linesOf(...args: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await run(...args);
  assert.equal(exitCode, 0, stderr);
  assert.equal(stderr, "");
  return stdout.split("\n").slice(0, -1);
}

/** Which runs a command shows, of the three; the newest first. */
async function shown(...args: readonly string[]): Promise<readonly number[]> {
  const entries = jsonOf(await run(...args, "--json")) as Entry[];
  return entries.map(({ runId }) => runs.indexOf(String(runId)));
}

describe("--output", () => {
  for (const command of LISTINGS) {
    it(`writes the same as JSON, JSON lines and CSV: ${command}`, async () => {
      const entries = jsonOf(await run(command, "--output", "json")) as Entry[];
      assert.ok(entries.length >= 3);
      assert.deepEqual(jsonOf(await run(command, "--json")), entries);
      const lines = await linesOf(command, "--output", "ndjson");
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        entries,
      );
      const rows: Entry[] = parse((await run(command, "--output", "csv")).stdout, {
        columns: true,
        bom: true,
      });
      const identity = command === "users" ? "id" : "runId";
      assert.deepEqual(
        rows.map((row) => row[identity]),
        entries.map((entry) => entry[identity]),
      );
      // One column more for what could not be read.
      const columns = Object.keys(rows[0] ?? {}).filter((name) => name !== "error");
      assert.deepEqual(columns, Object.keys(entries[0] ?? {}));
    });

    it(`knows a table, and no other format: ${command}`, async () => {
      assert.match((await linesOf(command, "--output", "table"))[0] ?? "", /^(run |userPrincipalName )/);
      const { exitCode, stderr } = await run(command, "--output", "xml");
      assert.equal(exitCode, 2);
      assert.match(unwrapped(stderr), /Allowed choices are table, json, csv, ndjson/);
    });
  }

  it("writes the same as JSON, JSON lines and CSV: diff, whose --json is lines", async () => {
    const from = ["diff", runs[1] ?? "", runs[2] ?? ""];
    const changes = jsonOf(await run(...from, "--output", "json")) as Entry[];
    assert.deepEqual(
      changes.map(({ change, after }) => [change, after]),
      [["changed", { displayName: "=1+1, renamed" }]],
    );
    for (const args of [["--output", "ndjson"], ["--json"]]) {
      const lines = await linesOf(...from, ...args);
      assert.deepEqual(
        lines.map((line) => JSON.parse(line)),
        changes,
      );
    }
    const [row = {}]: Entry[] = parse((await run(...from, "--output", "csv")).stdout, {
      columns: true,
      bom: true,
    });
    assert.deepEqual(Object.keys(row), Object.keys(changes[0] ?? {}));
    assert.deepEqual([row.displayName, row.after], ["'=1+1, renamed", '{"displayName":"=1+1, renamed"}']);
    const same = [runs[2] ?? "", runs[2] ?? ""];
    assert.deepEqual(jsonOf(await run("diff", ...same, "--output", "json")), []);
    assert.match((await linesOf(...from, "--output", "table"))[0] ?? "", /^From /);
    assert.equal((await run(...from, "--output", "xml")).exitCode, 2);
  });

  it("decides whether an error is JSON", async () => {
    for (const format of ["json", "ndjson"]) {
      assert.equal(failureOf(await run("users", "2019", "--output", format)).code, "snapshot-not-found");
    }
    for (const args of [["--output", "table"], ["--output", "csv"], ["--where", "displayName=json"], []]) {
      assert.match((await run("users", "2019", ...args)).stderr, /^rollcall: snapshot-not-found\n/);
    }
  });

  it("has a former name for users, which help does not show", async () => {
    assert.deepEqual(await run("users", "--format", "csv"), await run("users", "--output", "csv"));
    assert.doesNotMatch((await run("users", "--help")).stdout, /--format/);
  });
});

describe("--since, --until and --limit", () => {
  const [list, history] = ["list", "history"];

  it("narrow to the same runs in list and in history", async () => {
    const [oldest = "", middle = ""] = runs;
    const day = `${oldest.slice(0, 4)}-${oldest.slice(4, 6)}-${oldest.slice(6, 8)}`;
    for (const command of [list, history]) {
      assert.deepEqual(await shown(command), [2, 1, 0]);
      assert.deepEqual(await shown(command, "--since", middle), [2, 1]);
      assert.deepEqual(await shown(command, "--until", middle), [1, 0]);
      assert.deepEqual(await shown(command, "--since", middle, "--until", middle), [1]);
      assert.deepEqual(await shown(command, "--until", middle, "--limit", "1"), [1]);
      assert.deepEqual(await shown(command, "--since", day), [2, 1, 0]);
      assert.deepEqual(await shown(command, "--until", day.slice(0, 4)), [2, 1, 0]);
      assert.deepEqual(await shown(command, "--until", "2019-12-31"), []);
      const time = `${day}T${middle.slice(9, 11)}:${middle.slice(11, 13)}:${middle.slice(13, 15)}`;
      for (const moment of [`${time}Z`, `${time}.250Z`]) {
        assert.deepEqual(await shown(command, "--since", moment), [2, 1], moment);
        assert.deepEqual(await shown(command, "--until", moment), [1, 0], moment);
      }
      assert.ok((await shown(command, "--until", `${time.slice(0, -3)}Z`)).includes(1));
    }
    assert.deepEqual(await shown(history, "--last", "2"), await shown(history, "--limit", "2"));
  });

  it("say that there are runs, but none of that time", async () => {
    for (const command of [list, history]) {
      const [line = ""] = await linesOf(command, "--until", "2019");
      assert.match(line, /^None of the 3 snapshots of tenant .* is in this range\.$/);
    }
    assert.ok(
      (await linesOf(list, "--since", runs[1] ?? "", "--limit", "1")).includes(
        "1 older: rollcall list --limit 2",
      ),
    );
  });

  it("refuse what is no run and no date", async () => {
    for (const moment of ["yesterday", "2026-1-1", "2026-01-01T02:00", "2026-01-01T02Z", ""]) {
      assert.equal((await run(list, "--since", moment)).exitCode, 2, moment);
    }
  });
});

describe("rollcall users --limit", () => {
  it("writes the first who fit", async () => {
    const all = await linesOf("users");
    assert.deepEqual(await linesOf("users", "--limit", "3"), all.slice(0, 3));
    assert.deepEqual(await linesOf("users", "--limit", "1000"), all);
    const enabled = await linesOf("users", "--where", "accountEnabled=true");
    const few = await linesOf("users", "--where", "accountEnabled=true", "--limit", "2");
    assert.deepEqual(few, enabled.slice(0, 2));
    assert.equal((jsonOf(await run("users", "--json", "--limit", "2")) as Entry[]).length, 2);
  });
});

describe("rollcall history", () => {
  it("adds up: enabled, disabled and not told are all users", async () => {
    const entries = jsonOf(await run("history", "--json")) as Record<string, number>[];
    assert.deepEqual(
      entries.map(({ notTold }) => notTold),
      [1, 1, 0],
    );
    for (const { users, enabled = 0, disabled = 0, notTold = 0 } of entries)
      assert.equal(enabled + disabled + notTold, users);
    const [heading = "", newest = ""] = await linesOf("history");
    assert.match(heading, / enabled +disabled +not told +guests$/);
    const [users, , , , enabled, disabled, notTold] = newest.split(/ +/).slice(1).map(Number);
    assert.equal(Number(enabled) + Number(disabled) + Number(notTold), users);
    const [short = ""] = await linesOf("history", "--until", runs[0] ?? "");
    assert.doesNotMatch(short, /not told/);
  });
});

describe("--out", () => {
  for (const args of [
    ["users"],
    ["users", "--output", "csv"],
    ["users", "--output", "table"],
    ["list", "--json"],
    ["list"],
    ["history"],
    ["diff"],
    ["diff", "--json"],
  ]) {
    it(`writes what standard output would get: ${args.join(" ")}`, async () => {
      await using folder = await mkdtempDisposable(path.join(tmpdir(), "rollcall-out-"));
      const outcome = await rollcallHere([...args, "--out", "result"], environment, folder.path);
      assert.deepEqual(outcome, { exitCode: 0, stdout: "", stderr: "" });
      const file = path.join(folder.path, "result");
      // Decoding a stream takes a byte order mark away.
      const text = (await readFile(file, "utf8")).replace(/^\uFEFF/, "");
      assert.equal(text, (await run(...args)).stdout);
      assert.equal((await stat(file)).mode & 0o077, 0);
      assert.deepEqual(await readdir(folder.path), ["result"]);
    });
  }

  it("leaves the former file, and nothing beside it, where a command fails", async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "rollcall-out-"));
    const file = path.join(folder.path, "result");
    await writeFile(file, "former");
    for (const args of [
      ["users", "2019"],
      ["users", "--where", "dept=1"],
      ["diff", "2019"],
      ["list", "--output", "xml"],
    ]) {
      const outcome = await rollcallHere([...args, "--out", "result"], environment, folder.path);
      assert.notEqual(outcome.exitCode, 0);
    }
    assert.equal(await readFile(file, "utf8"), "former");
    assert.deepEqual(await readdir(folder.path), ["result"]);
  });

  it("tells before anything is read where nothing can be written", async () => {
    for (const command of ["list", "history", "users", "diff", "report"]) {
      const outcome = await run(command, "--out", "/no/such/folder/file", "--json");
      assert.equal(outcome.exitCode, 1);
      assert.equal(failureOf(outcome).code, "output-unwritable", command);
    }
  });
});
