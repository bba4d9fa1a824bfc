import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { BlobServiceClient } from "@azure/storage-blob";
import { runCli } from "../../src/cli/cli.ts";
import { printable, withoutControls } from "../../src/cli/terminal.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { folderOf, manifestPath } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { jsonOf, type Outcome, rollcallHere, rollcallIn } from "./rollcall-process.ts";

/** Everything that must not reach a terminal as it is. */
const STEERING = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, at) => 0x7f + at),
  ...[0x061c, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));
const HOSTILE = `spoof ${STEERING.join("")} end`;
/** Raw in the JSON of a part: all but the C0 controls. */
const MARKS = STEERING.filter((mark) => mark >= "\u007f");

let sandbox: Sandbox;
let environment: Record<string, string>;
let former: Manifest;
let later: Manifest;

before(async () => {
  sandbox = await startSandbox({ users: 60 });
  trustSandbox(sandbox.tenant.tls);
  const { directory } = sandbox.tenant;
  environment = { ...sandbox.environment, ROLLCALL_STORAGE: sandbox.storage.connectionString };
  const take = async () => jsonOf(await rollcallIn(sandbox)("snapshot", "--json")) as Manifest;
  former = await take();
  const [id = ""] = directory.ids();
  directory.update(id, { displayName: HOSTILE, jobTitle: HOSTILE });
  directory.add({ displayName: HOSTILE });
  later = await take();
  const container = BlobServiceClient.fromConnectionString(
    sandbox.storage.connectionString,
  ).getContainerClient("user-snapshots");
  const path = manifestPath(folderOf(former.tenantId, former.runId));
  const forged = JSON.stringify({
    ...former,
    tool: { name: HOSTILE, version: HOSTILE },
    warnings: [`run-in-future: ${HOSTILE}`],
  });
  await container.getBlockBlobClient(path).uploadData(Buffer.from(forged));
});
after(() => sandbox[Symbol.asyncDispose]());

async function onTerminal(args: readonly string[], cwd = "/"): Promise<Outcome> {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 300 });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 300 });
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const { signal } = new AbortController();
  const exitCode = await runCli(args, { stdout, stderr, environment: { ...environment }, cwd, signal });
  stdout.end();
  stderr.end();
  const [out, complaints] = await outputs;
  return { exitCode, stdout: out, stderr: complaints };
}

function assertTame({ stdout, stderr }: Outcome): void {
  const shown = (stdout + stderr).replaceAll("\r\n", "\n");
  const wild = STEERING.filter((mark) => mark !== "\n" && mark !== "\t" && shown.includes(mark));
  assert.deepEqual(wild, [], JSON.stringify(shown.slice(0, 500)));
}

describe("what a terminal is sent", () => {
  for (const args of [
    ["users"],
    ["users", "--format", "json"],
    ["users", "--select", "displayName"],
    ["diff", "--json"],
  ]) {
    it(`is the same JSON with escapes: ${args.join(" ")}`, async () => {
      const shown = await onTerminal(args);
      const piped = await rollcallHere(args, environment);
      assertTame(shown);
      assert.match(shown.stdout, /spoof .*\\u202e/);
      for (const mark of MARKS) assert.ok(piped.stdout.includes(mark), "a pipe is sent the very bytes");
      const valuesOf = ({ stdout }: Outcome) =>
        args.includes("json")
          ? JSON.parse(stdout)
          : stdout
              .trimEnd()
              .split("\n")
              .map((line) => JSON.parse(line));
      assert.deepEqual(valuesOf(shown), valuesOf(piped));
    });
  }

  it("is CSV with marks of replacement; a pipe is sent the values", async () => {
    const args = ["users", "--format", "csv", "--select", "id,displayName", "--where", "displayName~spoof"];
    const shown = await onTerminal(args);
    assertTame(shown);
    assert.match(shown.stdout, /spoof \uFFFD/);
    const piped = await rollcallHere(args, environment);
    for (const mark of STEERING) assert.ok(piped.stdout.includes(mark), JSON.stringify(mark));
  });

  for (const args of [["users", "--format", "table"], ["diff"]]) {
    it(`is a table with marks of replacement: ${args.join(" ")}`, async () => {
      const shown = await onTerminal(args);
      assertTame(shown);
      assert.match(shown.stdout, /spoof.*\uFFFD/);
    });
  }

  it("is tame whatever a manifest says: show, list, history, verify", async () => {
    for (const command of ["show", "list", "history", "verify"]) {
      for (const flags of [[], ["--json"]]) {
        const run = command === "show" || command === "verify" ? [former.runId] : [];
        const shown = await onTerminal([command, ...run, ...flags]);
        assert.equal(shown.exitCode, 0, shown.stderr);
        assertTame(shown);
        if (command === "show") assert.match(shown.stdout, flags.length > 0 ? /\\u202e/ : /spoof \uFFFD/);
      }
    }
  });

  it("is tame also where something is wrong: the complaint quotes what was asked", async () => {
    for (const args of [
      ["users", "--select", HOSTILE],
      ["show", HOSTILE],
      ["show", HOSTILE, "--json"],
      ["diff", "--property", HOSTILE],
      [HOSTILE],
    ]) {
      const shown = await onTerminal(args);
      assert.notEqual(shown.exitCode, 0);
      assertTame(shown);
    }
  });

  it("is tame where a report is written to a file of such a name", async () => {
    await using folder = await mkdtempDisposable(`${tmpdir()}/rollcall-terminal-`);
    for (const flags of [[], ["--json"]]) {
      const shown = await onTerminal(
        ["report", later.runId, "--out", "r\u202Elmth.html", ...flags],
        folder.path,
      );
      assert.equal(shown.exitCode, 0, shown.stderr);
      assertTame(shown);
    }
  });

  it("is tame in doctor's results, too", async () => {
    const { endpoint, header, clientId } = sandbox.tenant.identity;
    Object.assign(process.env, {
      IDENTITY_ENDPOINT: endpoint,
      IDENTITY_HEADER: header,
      AZURE_CLIENT_ID: clientId,
    });
    environment = { ...environment, ROLLCALL_PROPERTIES: "id,displayName" };
    for (const flags of [[], ["--json"]]) assertTame(await onTerminal(["doctor", ...flags]));
  });
});

describe("printable", () => {
  it("leaves nothing that steers, and all else", () => {
    assert.equal(
      printable(STEERING.filter((mark) => mark !== "\u001b" && mark !== "\u009b").join("")).replaceAll(
        "\uFFFD",
        "",
      ),
      "",
    );
    assert.equal(printable("Zoë 李小龍 \u200d 👩‍🚒 שלום"), "Zoë 李小龍 \u200d 👩‍🚒 שלום");
  });
});

describe("withoutControls", () => {
  it("keeps tabs and the ends of lines, and no lone carriage return", () => {
    assert.equal(withoutControls("a\tb\r\nc\rd\n"), "a\tb\r\nc\uFFFDd\n");
  });
});
