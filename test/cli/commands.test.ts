import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtempDisposable, open, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { hasColour } from "../../src/cli/colour.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxRequest } from "../../src/sandbox/service/fault.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import {
  assertNoSecretIn,
  failureOf,
  jsonOf,
  type Outcome,
  rollcall,
  rollcallHere,
  rollcallIn,
  startRollcall,
} from "./rollcall-process.ts";

const USERS = 2500;

let sandbox: Sandbox;
/** Runs a command in a process of its own. */
let run: (...args: readonly string[]) => Promise<Outcome>;
/** Runs a command in this process. */
let runHere: typeof run;
let first: Manifest;
let second: Manifest;

before(async () => {
  sandbox = await startTestSandbox({ users: USERS });
  run = rollcallIn(sandbox);
  runHere = rollcallIn(sandbox, {}, rollcallHere);
  first = jsonOf(await run("snapshot", "--json")) as Manifest;
  // Run ids have whole seconds.
  await delay(1000 - (Date.now() % 1000));
  second = jsonOf(await runHere("snapshot", "--json")) as Manifest;
});
after(() => sandbox[Symbol.asyncDispose]());

describe("rollcall snapshot", () => {
  it("prints the manifest as JSON", () => {
    assert.equal(first.schema, "rollcall.snapshot/2");
    assert.equal(first.completeness.unique, USERS);
    const { sha256, ...previous } = second.previous ?? assert.fail();
    assert.deepEqual(previous, { runId: first.runId, users: USERS });
    assert.match(sha256 ?? "", /^[0-9a-f]{64}$/);
  });

  it("sums up for people and shows no progress where nobody watches", async () => {
    const outcome = await rollcallIn(sandbox, { ROLLCALL_CONTAINER: "for-people" }, rollcallHere)("snapshot");
    assert.equal(outcome.exitCode, 0);
    assert.equal(outcome.stderr, "");
    assert.match(outcome.stdout, /^Snapshot \d{8}T\d{6}Z is committed\.\n/);
    assert.match(outcome.stdout, /users +2,500 of 2,500 counted: complete\n/);
    assert.match(outcome.stdout, /path +for-people\/tenant=.*\/date=.*\/run=\d{8}T\d{6}Z\n/);
  });

  it("tells the person on call what, Azure's answer and what to do", async () => {
    using _ = sandbox.tenant.script({
      service: "graph",
      fault: { kind: "error", status: 403, code: "Authorization_RequestDenied", message: "No." },
      times: Number.POSITIVE_INFINITY,
    });
    const outcome = await run("snapshot");
    assert.equal(outcome.exitCode, 1);
    assert.equal(outcome.stdout, "");
    assert.match(outcome.stderr, /^rollcall: graph-permission-missing\n {2}what {8}counting the users: /);
    assert.match(outcome.stderr, /\n {2}Azure said {2}403 Authorization_RequestDenied \(request id/);
    assert.match(outcome.stderr, /\n {2}do next {5}Add User\.Read\.All[\s\S]*\/adminconsent\?client_id=/);
  });

  it("tells the same to programs as one JSON object", async () => {
    using _ = sandbox.tenant.script({ service: "vault", fault: { kind: "error", status: 403 }, times: 2 });
    const outcome = await run("snapshot", "--json");
    assert.equal(outcome.exitCode, 1);
    assert.equal(outcome.stdout, "");
    assert.equal(failureOf(outcome).code, "vault-denied");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ends with its own error on ${signal} and publishes nothing`, async () => {
      const asked = Promise.withResolvers<void>();
      const onPage2 = { service: "graph", match: ({ page }: SandboxRequest) => page === 2 } as const;
      using _asked = sandbox.tenant.script({ ...onPage2, fault: { kind: "before", run: asked.resolve } });
      using _silence = sandbox.tenant.script({ ...onPage2, fault: { kind: "delay", ms: 60_000 } });
      const container = `stopped-by-${signal.toLowerCase()}`;
      const environment = { ...sandbox.environment, ROLLCALL_CONTAINER: container };
      const child = startRollcall(["snapshot", "--json"], environment);
      const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
      await asked.promise;
      child.kill(signal);
      await once(child, "exit");
      const [stdout, stderr] = await outputs;
      assert.equal(child.exitCode, 1);
      assert.equal(stdout, "");
      assert.equal(JSON.parse(stderr).code, "terminated");
      assert.deepEqual(
        jsonOf(await rollcallIn(sandbox, { ROLLCALL_CONTAINER: container }, rollcallHere)("list", "--json")),
        [],
      );
    });
  }
});

describe("rollcall doctor --freshness", () => {
  it("exits with 0 for a snapshot that is young enough, and with 1 for one that is not", async () => {
    const young = await runHere("doctor", "--freshness", "26h");
    assert.equal(young.exitCode, 0);
    assert.match(
      young.stdout,
      new RegExp(`^✓ fresh: the latest snapshot, ${second.runId}, is \\d+ (s|min) old\n`),
    );
    const old = await runHere("doctor", "--freshness", "0m", "--json");
    assert.equal(old.exitCode, 1);
    const { runId, fresh } = JSON.parse(old.stdout) as { readonly runId: string; readonly fresh: boolean };
    assert.deepEqual({ runId, fresh }, { runId: second.runId, fresh: false });
  });

  it("needs the storage and the tenant only, and an age", async () => {
    const names = ["ROLLCALL_TENANT_ID", "ROLLCALL_STORAGE", "ROLLCALL_CONTAINER"];
    const least = Object.fromEntries(names.map((name) => [name, sandbox.environment[name] ?? ""]));
    assert.equal((await rollcallHere(["doctor", "--freshness", "2d"], least)).exitCode, 0);
    assert.equal((await rollcallHere(["doctor", "--freshness", "soon"], least)).exitCode, 2);
    const nowhere = { ...least, ROLLCALL_CONTAINER: "nobody-wrote-here" };
    assert.equal((await rollcallHere(["doctor", "--freshness", "2d"], nowhere)).exitCode, 1);
  });
});

describe("rollcall list", () => {
  it("shows the committed snapshots, newest first, in 80 columns", async () => {
    const { exitCode, stdout } = await run("list");
    const lines = stdout.trimEnd().split("\n");
    assert.equal(exitCode, 0);
    assert.match(lines[0] ?? "", /^run +finished \(UTC\) +users +counted +verdict +parts +size$/);
    assert.match(lines[1] ?? "", new RegExp(`^${second.runId} .* 2,500 +2,500 +complete +1 +\\d+\\.\\d kB$`));
    assert.ok(lines[2]?.startsWith(first.runId));
    assert.equal(lines[3], `Latest: ${second.runId}`);
    assert.ok(lines.every((line) => line.length <= 80));
  });

  it("gives programs an array", async () => {
    const entries = jsonOf(await runHere("list", "--json")) as Record<string, unknown>[];
    assert.deepEqual(
      entries.map(({ runId, users, latest }) => [runId, users, latest]),
      [
        [second.runId, USERS, true],
        [first.runId, USERS, false],
      ],
    );
  });

  it("shows no more than --limit and says that there are more", async () => {
    const { stdout } = await runHere("list", "--limit", "1");
    assert.ok(stdout.includes(second.runId) && !stdout.includes(first.runId));
    assert.match(stdout, /1 older/);
  });

  it("says that there is nothing yet, also where the container is missing", async () => {
    const list = rollcallIn(sandbox, { ROLLCALL_CONTAINER: "not-made-yet" }, rollcallHere);
    const { exitCode, stdout } = await list("list");
    assert.equal(exitCode, 0);
    assert.match(stdout, /^No snapshot of tenant .* yet in container not-made-yet\.\n$/);
    assert.deepEqual(jsonOf(await list("list", "--json")), []);
  });

  it("needs neither vault nor app registration", async () => {
    const { ROLLCALL_CLIENT_ID, ROLLCALL_KEY_VAULT_URL, ROLLCALL_CERTIFICATE_NAME, ...environment } =
      sandbox.environment;
    assert.ok(ROLLCALL_CLIENT_ID && ROLLCALL_KEY_VAULT_URL && ROLLCALL_CERTIFICATE_NAME);
    assert.equal((await rollcallHere(["list"], environment)).exitCode, 0);
  });

  it("reads the tenant id of a configured domain from the authority", async () => {
    const outcome = await rollcallIn(
      sandbox,
      { ROLLCALL_TENANT_ID: sandbox.tenant.domain },
      rollcallHere,
    )("list");
    assert.ok(outcome.stdout.includes(second.runId), outcome.stderr);
  });
});

describe("rollcall show", () => {
  it("shows the latest for people", async () => {
    const { exitCode, stdout } = await runHere("show");
    assert.equal(exitCode, 0);
    assert.ok(stdout.startsWith(`Snapshot ${second.runId} (the latest)\n`));
    assert.match(stdout, /users +2,500 of 2,500 counted: complete\n/);
    assert.match(stdout, /credential +certificate graph-cert, expires \d{4}-\d\d-\d\d \(in \d+ days\)\n/);
    assert.match(stdout, new RegExp(`previous +${first.runId}, 2,500 users \\(0 since\\)`));
    assert.match(stdout, /users-00000\.ndjson\.gz +2,500 .*…\n/);
    const wide = stdout.split("\n").filter((line) => line.length > 80);
    assert.ok(
      wide.every((line) => line.startsWith("  path ")),
      wide.join("\n"),
    );
  });

  it("takes a run, and gives programs its manifest", async () => {
    assert.deepEqual(jsonOf(await runHere("show", first.runId, "--json")), first);
  });

  it("takes latest for the run that latest.json points at, as all commands that take a run", async () => {
    assert.deepEqual(jsonOf(await runHere("show", "latest", "--json")), second);
    assert.equal((await runHere("users", "latest")).stdout, (await runHere("users")).stdout);
    assert.match((await runHere("verify", "latest")).stdout, new RegExp(`^✓ ${second.runId} is whole`));
  });

  it("takes the beginning of a run that no other has, and names the runs that have it", async () => {
    const beginning = [...first.runId].findIndex((letter, at) => letter !== second.runId[at]) + 1;
    assert.deepEqual(jsonOf(await runHere("show", first.runId.slice(0, beginning), "--json")), first);
    const outcome = await runHere("show", first.runId.slice(0, 8));
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stderr, /snapshot-not-found/);
    assert.ok(outcome.stderr.includes(first.runId) && outcome.stderr.includes(second.runId));
  });

  for (const unknown of ["20010101T000000Z", "2001", "nonsense", "../.."]) {
    it(`knows no run ${unknown}`, async () => {
      const outcome = await runHere("show", unknown, "--json");
      assert.equal(outcome.exitCode, 1);
      assert.equal(failureOf(outcome).code, "snapshot-not-found");
    });
  }
});

describe("rollcall users", { concurrency: 3 }, () => {
  it("writes each user once, as JSON with the manifest's properties", async () => {
    const { exitCode, stdout } = await run("users");
    assert.equal(exitCode, 0);
    assert.ok(stdout.endsWith("}\n"));
    const users = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(new Set(users.map(({ id }) => id)), new Set(sandbox.tenant.directory.ids()));
    assert.equal(users.length, USERS);
    assert.deepEqual(Object.keys(users[0] ?? {}), second.source.properties);
  });

  it("takes a closed pipe for the end of interest, not for an error", async () => {
    const child = startRollcall(["users"], sandbox.environment);
    const stderr = text(child.stderr);
    child.stdout.once("data", () => (child.stdout as unknown as { destroy(): void }).destroy());
    await once(child, "exit");
    assert.equal(child.exitCode, 0);
    assert.equal(await stderr, "");
  });

  it("fails when the disk is full", { skip: !existsSync("/dev/full") }, async () => {
    await using full = await open("/dev/full", "w");
    const cli = fileURLToPath(new URL("../../src/cli/rollcall.ts", import.meta.url));
    const child = spawn(process.execPath, [cli, "users"], {
      env: sandbox.environment,
      stdio: ["ignore", full.fd, "pipe"],
    });
    assert.ok(child.stderr);
    const stderr = await text(child.stderr);
    assert.match(stderr, /writing to standard output: it takes no more \(ENOSPC\)/);
    assert.equal(child.exitCode ?? (await once(child, "exit"))[0], 1);
  });
});

describe("rollcall verify", () => {
  it("finds the latest whole", async () => {
    const { exitCode, stdout } = await runHere("verify");
    assert.equal(exitCode, 0);
    assert.match(
      stdout,
      new RegExp(`^✓ ${second.runId} is whole: 2,500 users, 1 part, \\d+\\.\\d kB\\n {4}not signed\\n$`),
    );
  });

  it("gives programs what was found", async () => {
    assert.deepEqual(jsonOf(await runHere("verify", first.runId, "--json")), {
      runId: first.runId,
      whole: true,
      users: USERS,
      parts: 1,
      bytes: first.parts[0]?.bytes,
      signature: { state: "absent" },
      problems: [],
    });
  });

  it("verifies every snapshot with --all", async () => {
    const results = jsonOf(await runHere("verify", "--all", "--json")) as { runId: string; whole: boolean }[];
    assert.deepEqual(
      results.map(({ runId, whole }) => [runId, whole]),
      [
        [second.runId, true],
        [first.runId, true],
      ],
    );
  });
});

describe("--quiet", () => {
  it("leaves results and errors, before and after the command", async () => {
    for (const args of [["verify"], ["verify", "--all"], ["verify", "--chain"]]) {
      assert.deepEqual(await runHere(...args, "--quiet"), { exitCode: 0, stdout: "", stderr: "" });
    }
    assert.deepEqual(await runHere("--quiet", "list"), await runHere("list"));
    assert.match((await runHere("show", "2019", "--quiet")).stderr, /^rollcall: snapshot-not-found/);
  });

  it("lets a snapshot say nothing where nothing needs attention", async () => {
    const quiet = rollcallIn(sandbox, { ROLLCALL_CONTAINER: "for-nobody" }, rollcallHere);
    assert.deepEqual(await quiet("snapshot", "--quiet"), { exitCode: 0, stdout: "", stderr: "" });
  });
});

describe("colour", () => {
  const GREEN = "\u001b[32m✓\u001b[39m";
  const RED = "\u001b[31mrollcall: snapshot-not-found\u001b[39m";

  it("is for terminals, and is wanted or refused as everywhere", async () => {
    for (const [settings, isTTY, has] of [
      [{}, true, true],
      [{}, false, false],
      [{ NO_COLOR: "1" }, true, false],
      [{ NO_COLOR: "" }, true, true],
      [{ TERM: "dumb" }, true, false],
      [{ FORCE_COLOR: "1" }, false, true],
      [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, true],
      [{ FORCE_COLOR: "0" }, true, false],
    ] as const)
      assert.equal(hasColour({ isTTY }, settings), has, JSON.stringify([settings, isTTY]));
  });

  it("is that of the marks with which lines begin, and of nothing for programs", async () => {
    const colourful = rollcallIn(sandbox, { FORCE_COLOR: "1" }, rollcallHere);
    assert.ok((await colourful("verify")).stdout.startsWith(GREEN));
    assert.ok((await colourful("show", "2019")).stderr.startsWith(`${RED}\n`));
    for (const args of [
      ["verify", "--no-color"],
      ["show", "2019", "--no-color"],
      ["verify", "--json"],
      ["show", "2019", "--json"],
      ["users", "--limit", "1"],
      ["--help"],
    ]) {
      const { stdout, stderr } = await colourful(...args);
      assert.ok(!(stdout + stderr).includes("\u001b"), args.join(" "));
      assert.notEqual(stdout + stderr, "");
    }
    // What is told of the last run goes to people, on standard error.
    const { stdout } = await colourful("list", "--output", "csv");
    assert.match(stdout, /^\ufeff?runId,/);
    assert.ok(!stdout.includes("\u001b"));
  });
});

describe("wrong usage", () => {
  for (const args of [
    [],
    ["unknown"],
    ["snapshot", "--unknown"],
    ["show", "one", "two"],
    ["list", "--limit", "0"],
    ["list", "--limit", "many"],
    ["verify", "20261122", "--all"],
  ]) {
    it(`exits 2 and shows the usage: rollcall ${args.join(" ")}`, async () => {
      const { exitCode, stdout, stderr } = await rollcallHere(args, {});
      assert.equal(exitCode, 2);
      assert.equal(stdout, "");
      assert.match(stderr, /Usage: rollcall /);
    });
  }

  it("has a code and a remedy, and says what may have been meant", async () => {
    const { stderr } = await rollcallHere(["list", "--limti", "5"], {});
    assert.equal(
      stderr,
      [
        "rollcall: usage-invalid",
        "  what     unknown option '--limti' (Did you mean --limit?).",
        "  do next  `rollcall list --help` shows what there is.",
        "Usage: rollcall list [options]",
        "",
      ].join("\n"),
    );
    assert.match((await rollcallHere(["lits"], {})).stderr, /unknown command 'lits' \(Did you mean list\?\)/);
  });

  it("comes to programs as one JSON object, wherever --json stands", async () => {
    for (const args of [
      ["list", "--limit", "0", "--json"],
      ["list", "--limit", "0", "--output", "json"],
      ["tenants", "--within", "soon", "--output=ndjson"],
      ["users", "--limit", "0", "--format", "json"],
      ["verify", "--json", "--since", "20261122"],
    ]) {
      const outcome = await rollcallHere(args, {});
      assert.equal(outcome.exitCode, 2);
      assert.equal(failureOf(outcome).code, "usage-invalid");
    }
  });

  for (const command of [
    "snapshot",
    "list",
    "show",
    "users",
    "verify",
    "diff",
    "history",
    "report",
    "doctor",
  ]) {
    it(`is prevented by rollcall ${command} --help`, async () => {
      const { exitCode, stdout, stderr } = await rollcallHere([command, "--help"], {});
      assert.equal(exitCode, 0);
      assert.equal(stderr, "");
      assert.match(stdout, new RegExp(`^Usage: rollcall ${command} .*--json.*Example: .*Exit codes: 0`, "s"));
      assert.ok(stdout.split("\n").every((line) => line.length <= 80));
    });
  }
});

describe("wrong settings", () => {
  it("exit 2, naming each with an example, and show the usage", async () => {
    const { exitCode, stdout, stderr } = await rollcall(["snapshot"], {});
    assert.equal(exitCode, 2);
    assert.equal(stdout, "");
    for (const name of ["TENANT_ID", "CLIENT_ID", "KEY_VAULT_URL", "STORAGE"]) {
      assert.match(stderr, new RegExp(`^ {2}ROLLCALL_${name} is missing, for example\\s+\\S+`, "m"));
    }
    assert.match(stderr, /^ {2}ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME must be set/m);
    assert.match(stderr, /^Usage: rollcall snapshot/m);
    assert.ok(
      stderr.split("\n").every((line) => line.length <= 80),
      stderr,
    );
  });

  it("come to programs as a list", async () => {
    const outcome = await rollcallHere(["users", "--json"], { ROLLCALL_TENANT_ID: "not a tenant" });
    assert.equal(outcome.exitCode, 2);
    const { code, problems } = failureOf(outcome);
    assert.equal(code, "settings-invalid");
    assert.deepEqual(
      (problems as { name: string }[]).map(({ name }) => name),
      ["ROLLCALL_TENANT_ID", "ROLLCALL_STORAGE"],
    );
  });

  it("are also those of a broken local.settings.json", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-cli-"));
    await writeFile(join(folder.path, "local.settings.json"), "{");
    const { exitCode, stderr } = await rollcallHere(["list"], {}, folder.path);
    assert.equal(exitCode, 2);
    assert.match(stderr, /local\.settings\.json is not a JSON object/);
  });
});

describe("local.settings.json", () => {
  it("serves in place of the environment, with its identity and its certificate authority", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-cli-"));
    const settings = { IsEncrypted: false, Values: sandbox.environment };
    await writeFile(join(folder.path, "local.settings.json"), JSON.stringify(settings));
    const outcome = await rollcall(["list"], {}, folder.path);
    assertNoSecretIn(outcome, sandbox);
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    assert.ok(outcome.stdout.includes(second.runId));
  });
});
