import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { parse } from "csv-parse/sync";
import stringWidth from "string-width";
import { runCli } from "../../src/cli/cli.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { jsonOf, type Outcome, rollcallHere, rollcallIn, unwrapped } from "./rollcall-process.ts";

const USERS = 400;

let sandbox: Sandbox;
let manifest: Manifest;
let environment: Record<string, string>;
let users: (...args: readonly string[]) => Promise<Outcome>;
/** Everybody, as the snapshot has them. */
let everybody: Record<string, unknown>[];

before(async () => {
  sandbox = await startTestSandbox({ users: USERS });
  manifest = jsonOf(await rollcallIn(sandbox, {}, rollcallHere)("snapshot", "--json")) as Manifest;
  // The account key makes an identity unnecessary.
  environment = { ...sandbox.environment, ROLLCALL_STORAGE: sandbox.storage.connectionString };
  users = (...args) => rollcallHere(["users", ...args], environment);
  everybody = lines((await users()).stdout).map((line) => JSON.parse(line) as Record<string, unknown>);
});
after(() => sandbox[Symbol.asyncDispose]());

function lines(stdout: string): string[] {
  return stdout.trimEnd().split("\n");
}

/** As on a terminal so wide. */
async function onTerminal(columns: number, ...args: readonly string[]): Promise<Outcome> {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns });
  const stderr = new PassThrough();
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const { signal } = new AbortController();
  const io = { stdout, stderr, environment: { ...environment }, cwd: "/", signal };
  const exitCode = await runCli(["users", ...args], io);
  stdout.end();
  stderr.end();
  const [out, complaints] = await outputs;
  return { exitCode, stdout: out, stderr: complaints };
}

/** The very bytes: decoding takes a byte order mark away. */
async function bytesOf(...args: readonly string[]): Promise<Buffer> {
  const stdout = new PassThrough();
  const bytes = buffer(stdout);
  const { signal } = new AbortController();
  const io = { stdout, stderr: new PassThrough(), environment: { ...environment }, cwd: "/", signal };
  assert.equal(await runCli(["users", ...args], io), 0);
  stdout.end();
  return bytes;
}

describe("rollcall users --format", () => {
  it("writes all users as JSON lines unless told otherwise", async () => {
    assert.equal(everybody.length, USERS);
    assert.deepEqual((await users("--format", "ndjson")).stdout, (await users()).stdout);
  });

  it("writes one JSON array", async () => {
    const { exitCode, stdout } = await users("--format", "json");
    assert.equal(exitCode, 0);
    assert.deepEqual(JSON.parse(stdout), everybody);
    assert.deepEqual(JSON.parse((await users("--format", "json", "--where", "id=nobody")).stdout), []);
  });

  it("writes CSV that another program reads", async () => {
    const rows: Record<string, string>[] = parse(await bytesOf("--format", "csv"), {
      bom: true,
      columns: true,
    });
    assert.deepEqual(Object.keys(rows[0] ?? {}), manifest.source.properties);
    const texts = everybody.map((user) =>
      Object.fromEntries(
        Object.entries(user).map(([name, value]) => [
          name,
          value === null ? "" : typeof value === "string" ? value : JSON.stringify(value),
        ]),
      ),
    );
    const values = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell.replace(/^'/, "")])),
    );
    assert.deepEqual(values, texts);
  });

  it("writes a heading that Excel takes for UTF-8, also where nobody fits", async () => {
    const bytes = await bytesOf("--format", "csv", "--where", "id=nobody", "--select", "id");
    assert.deepEqual(bytes, Buffer.from("\uFEFFid\r\n"));
  });

  it("writes a table in 80 columns, cut where it is too long", async () => {
    const { stdout, stderr } = await users("--format", "table");
    const [heading = "", ...rows] = lines(stdout);
    assert.match(heading, /^userPrincipalName +displayName +userType +accountEnabled$/);
    assert.equal(rows.length, USERS);
    assert.ok([heading, ...rows].every((row) => stringWidth(row) <= 80));
    assert.ok(rows.some((row) => row.includes("…")));
    assert.doesNotMatch(stdout, /[\u202A-\u202E]/);
    assert.equal(stderr, "");
  });

  it("fits a table to the terminal, and says which columns it has no room for", async () => {
    const narrow = await onTerminal(40, "--format", "table", "--select", "id,mail,displayName,city,jobTitle");
    assert.ok(lines(narrow.stdout).every((row) => stringWidth(row) <= 40));
    assert.match(narrow.stderr, /^No room for jobTitle: --select fewer\.\n$/);
    const wide = await onTerminal(200, "--format", "table", "--select", "id,mail,displayName,city,jobTitle");
    assert.match(lines(wide.stdout)[0] ?? "", /jobTitle$/);
    assert.equal(wide.stderr, "");
  });

  it("sends a terminal nothing that steers it", async () => {
    sandbox.tenant.directory.update(String(everybody[0]?.id), { displayName: "red \u001b[31m \u0007 alarm" });
    const run = rollcallIn(sandbox);
    const { runId } = jsonOf(await run("snapshot", "--json")) as Manifest;
    for (const format of ["csv", "json", "ndjson", "table"]) {
      const { stdout } = await onTerminal(80, runId, "--format", format, "--where", "displayName~alarm");
      assert.match(stdout, /red/);
      assert.ok(!stdout.includes("\u001b") && !stdout.includes("\u0007"), format);
    }
  });

  it("knows no other format", async () => {
    const { exitCode, stdout, stderr } = await users("--format", "xlsx");
    assert.deepEqual([exitCode, stdout], [2, ""]);
    assert.match(unwrapped(stderr), /Allowed choices are table, json, csv, ndjson/);
  });
});

describe("rollcall users --select", () => {
  const run = (...args: readonly string[]) => users(manifest.runId, ...args);

  it("writes these properties in this order, values untouched", async () => {
    const { stdout } = await run("--select", "displayName, id,assignedLicenses");
    const expected = everybody.map(({ displayName, id, assignedLicenses }) => ({
      displayName,
      id,
      assignedLicenses,
    }));
    const found = lines(stdout).map((line) => JSON.parse(line) as object);
    assert.deepEqual(found, expected);
    assert.deepEqual(Object.keys(found[0] ?? {}), ["displayName", "id", "assignedLicenses"]);
    assert.deepEqual(JSON.parse((await run("--format", "json", "--select", "id")).stdout)[0], {
      id: everybody[0]?.id,
    });
  });

  it("refuses a property that the run lacks", async () => {
    for (const args of [
      ["--select", "id,proxyAddresses"],
      ["--where", "proxyAddresses~x"],
    ]) {
      const { exitCode, stdout, stderr } = await run(...args);
      assert.deepEqual([exitCode, stdout], [2, ""]);
      assert.match(stderr, new RegExp(`run ${manifest.runId} has no property proxyAddresses;`));
      assert.ok(unwrapped(stderr).includes(`\`rollcall show ${manifest.runId}\` names those that it has.`));
      assert.match(stderr, /\nUsage: rollcall users \[options\] \[run\]\n$/);
    }
  });

  it("asks whether a property with a like name was meant, and shows one line of usage", async () => {
    const { exitCode, stderr } = await run("--where", "dept=Sales");
    assert.equal(exitCode, 2);
    assert.equal(
      stderr,
      [
        "rollcall: usage-invalid",
        `  what     run ${manifest.runId} has no property dept; did you mean department?`,
        "  do next  `rollcall users --help` shows what there is.",
        "Usage: rollcall users [options] [run]",
        "",
      ].join("\n"),
    );
  });

  it("refuses what is no list of properties", async () => {
    const { exitCode, stderr } = await run("--select", "id,,mail");
    assert.equal(exitCode, 2);
    assert.match(unwrapped(stderr), /Must be property names separated by commas/);
  });
});

describe("rollcall users --where", () => {
  const ids = async (...conditions: readonly string[]) => {
    const args = conditions.flatMap((condition) => ["--where", condition]);
    const { exitCode, stdout } = await users(manifest.runId, "--format", "json", "--select", "id", ...args);
    assert.equal(exitCode, 0);
    return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
  };
  const idsOf = (fits: (user: Record<string, unknown>) => boolean) =>
    everybody.filter(fits).map(({ id }) => id);

  it("writes who fits", async () => {
    const disabled = idsOf(({ accountEnabled }) => accountEnabled === false);
    assert.ok(disabled.length > 0 && disabled.length < USERS);
    assert.deepEqual(await ids("accountEnabled=false"), disabled);
    assert.deepEqual(
      await ids("accountEnabled!=false"),
      idsOf((user) => user.accountEnabled !== false),
    );
    assert.deepEqual(
      await ids("mail=null"),
      idsOf(({ mail }) => mail === null),
    );
    const since = Date.parse("2020-06-01");
    assert.deepEqual(
      await ids("createdDateTime>=2020-06-01"),
      idsOf(
        ({ createdDateTime }) => createdDateTime !== null && Date.parse(String(createdDateTime)) >= since,
      ),
    );
  });

  it("writes who fits all conditions", async () => {
    assert.deepEqual(
      await ids("userType=Guest", "displayName~A"),
      idsOf(({ userType, displayName }) => userType === "Guest" && /a/i.test(String(displayName))),
    );
  });

  it("writes nothing where nobody fits", async () => {
    assert.deepEqual(await users(manifest.runId, "--where", "id=nobody"), {
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("refuses what is no condition", async () => {
    const { exitCode, stderr } = await users("--where", "accountEnabled");
    assert.equal(exitCode, 2);
    assert.match(unwrapped(stderr), /Must be PROPERTY=VALUE; operators: = != ~ < <= > >=/);
  });
});
