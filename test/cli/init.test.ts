import assert from "node:assert/strict";
import { chmod, mkdtempDisposable, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { runCli } from "../../src/cli/cli.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { assertNoSecretIn, type Outcome, rollcallHere, unwrapped } from "./rollcall-process.ts";

const FILE = "local.settings.json";
const CLIENT_ID = "6731de76-14a6-49ae-97bc-6eba6914391e";

let sandbox: Sandbox;
before(async () => {
  sandbox = await startTestSandbox({ users: 20 });
});
after(() => sandbox[Symbol.asyncDispose]());

/** What names the sandbox, besides what is asked for. */
function hosts(): readonly string[] {
  const { ROLLCALL_AUTHORITY_HOST, ROLLCALL_GRAPH_URL } = sandbox.environment;
  return [
    `--set=ROLLCALL_AUTHORITY_HOST=${ROLLCALL_AUTHORITY_HOST}`,
    `--set=ROLLCALL_GRAPH_URL=${ROLLCALL_GRAPH_URL}`,
  ];
}

/** All that is asked for, as options. */
function everything(): Record<string, string> {
  const { environment } = sandbox;
  return {
    tenant: environment.ROLLCALL_TENANT_ID ?? "",
    credential: "certificate",
    "client-id": environment.ROLLCALL_CLIENT_ID ?? "",
    vault: environment.ROLLCALL_KEY_VAULT_URL ?? "",
    "certificate-name": environment.ROLLCALL_CERTIFICATE_NAME ?? "",
    storage: environment.ROLLCALL_STORAGE ?? "",
    container: environment.ROLLCALL_CONTAINER ?? "",
  };
}

function asOptions(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

/** What a process needs to find the sandbox's identity; none of ours. */
function surroundings(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: "/nowhere", ...more };
}

async function valuesIn(folder: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(path.join(folder, FILE), "utf8")).Values;
}

/** What somebody answers; `undefined` closes the terminal, after what is done meanwhile. */
type Reply = string | undefined | (() => Promise<undefined>);

/** Somebody at a terminal, who answers each question when it is asked. */
async function answering(
  args: readonly string[],
  cwd: string,
  replies: readonly (readonly [question: RegExp, reply: Reply])[],
  environment: Record<string, string> = surroundings(),
): Promise<Outcome> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let out = "";
  let err = "";
  let asked = 0;
  let read = 0;
  stdout.on("data", (chunk) => {
    out += chunk;
  });
  stderr.on("data", (chunk) => {
    err += chunk;
    const [question, reply] = replies[asked] ?? [];
    if (!question?.test(err.slice(read))) return;
    asked++;
    read = err.length;
    if (typeof reply === "function") void reply().finally(() => stdin.end());
    else if (reply === undefined) stdin.end();
    else stdin.write(`${reply}\n`);
  });
  const { signal } = new AbortController();
  const exitCode = await runCli(["init", ...args], { stdin, stdout, stderr, environment, cwd, signal });
  await delay(0);
  assert.equal(asked, replies.length, `not asked: ${replies[asked]?.[0]}\n${err}`);
  return { exitCode, stdout: out, stderr: err };
}

describe("rollcall init", () => {
  it("writes what options say, for its owner alone, and ends in doctor", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const args = ["init", ...asOptions(everything()), ...hosts(), "--set=ROLLCALL_FORMATS=ndjson,csv"];
    const outcome = await rollcallHere(args, surroundings(), place.path);
    assert.equal(outcome.exitCode, 0, outcome.stdout + outcome.stderr);
    assert.match(outcome.stdout, /^Wrote .*local\.settings\.json\n/);
    assert.match(outcome.stdout, /^✓ ok +credential /m);
    assert.match(outcome.stdout, /\nAll good/);
    assertNoSecretIn(outcome, sandbox);
    const { mode } = await stat(path.join(place.path, FILE));
    assert.equal(mode & 0o777, 0o600);
    const values = await valuesIn(place.path);
    assert.equal(values.ROLLCALL_TENANT_ID, sandbox.environment.ROLLCALL_TENANT_ID);
    assert.equal(values.ROLLCALL_FORMATS, "ndjson,csv");
    assert.equal(values.FUNCTIONS_WORKER_RUNTIME, "node");
    assert.deepEqual(await readdir(place.path), [FILE]);
  });

  it("asks for what is missing, says what is wrong with an answer, and offers what az knows", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const { tenant, vault, storage, container } = everything();
    const az = path.join(place.path, "az");
    await writeFile(
      az,
      `#!/bin/sh\n[ "$*" = "account show --output json" ] && echo '{"tenantId":"${tenant}","environmentName":"AzureCloud"}'\n`,
    );
    await chmod(az, 0o700);
    const outcome = await answering(
      hosts(),
      place.path,
      [
        [/Microsoft cloud .*\[global\]: $/, ""],
        [new RegExp(`Tenant .*\\[${tenant}\\]: $`), ""],
        [/Sign in with .*\[certificate\]: $/, "password"],
        [/It must be certificate, secret, .*\n.*Sign in with/s, "certificate"],
        [/Application \(client\) id/, "contoso"],
        [/It must be an application.*Application \(client\) id/s, sandbox.environment.ROLLCALL_CLIENT_ID],
        [/Key Vault/, vault],
        [/Name of the vault's certificate \[graph-cert\]/, ""],
        [/Blob service/, storage],
        [/Container .*\[user-snapshots\]/, container],
      ],
      surroundings({ PATH: `${place.path}:${process.env.PATH}` }),
    );
    assert.equal(outcome.exitCode, 0, outcome.stdout + outcome.stderr);
    assert.match(outcome.stdout, /\nAll good/);
    assertNoSecretIn(outcome, sandbox);
    assert.doesNotMatch(outcome.stderr, /password|client secret/i);
    const values = await valuesIn(place.path);
    assert.equal(values.ROLLCALL_TENANT_ID, tenant);
    assert.equal(values.ROLLCALL_CERTIFICATE_NAME, "graph-cert");
  });

  it("asks only for the name of a secret, and of nothing in a vault where there is none", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const { storage = "", container = "", tenant = "", vault = "" } = everything();
    const common = [...hosts(), ...asOptions({ storage, container, tenant })];
    await answering([...common, "--credential=managed-identity"], place.path, [[/Microsoft cloud/, ""]]);
    const values = await valuesIn(place.path);
    assert.equal(values.ROLLCALL_CREDENTIAL, "managed-identity");
    assert.equal(values.ROLLCALL_KEY_VAULT_URL, undefined);
    const { stderr } = await answering(
      [...common, "--force", "--credential=secret", `--client-id=${CLIENT_ID}`, `--vault=${vault}`],
      place.path,
      [
        [/Microsoft cloud/, ""],
        [/the name, not the secret/, "graph-secret"],
      ],
    );
    assert.doesNotMatch(stderr, /Application|Blob service/);
    assert.equal((await valuesIn(place.path)).ROLLCALL_SECRET_NAME, "graph-secret");
  });

  it("writes nothing when an answer does not come", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const outcome = await answering(hosts(), place.path, [
      [/Microsoft cloud/, ""],
      [/Tenant/, undefined],
    ]);
    assert.equal(outcome.exitCode, 1);
    assert.match(outcome.stderr, /terminated[\s\S]*the question was not answered/);
    assert.deepEqual(await readdir(place.path), []);
  });

  it("writes nothing when options are wrong or missing and nobody can be asked, and tells all of it", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const wrong = { ...everything(), storage: "ftp://x", vault: "" };
    const outcome = await rollcallHere(["init", ...asOptions(wrong), ...hosts()], surroundings(), place.path);
    assert.equal(outcome.exitCode, 2);
    assert.match(outcome.stderr, /ROLLCALL_STORAGE/);
    const both = ["init", "--tenant", "no tenant", "--credential", "certificate"];
    const wrongAndMissing = await rollcallHere(both, surroundings(), place.path);
    for (const name of ["TENANT_ID", "STORAGE", "CLIENT_ID", "KEY_VAULT_URL", "CERTIFICATE_NAME"])
      assert.equal(wrongAndMissing.stderr.split(`ROLLCALL_${name} `).length, 2, wrongAndMissing.stderr);
    const missing = await rollcallHere(["init", ...hosts()], surroundings(), place.path);
    assert.equal(missing.exitCode, 2);
    for (const name of ["ROLLCALL_TENANT_ID", "ROLLCALL_STORAGE", "ROLLCALL_CLIENT_ID"]) {
      assert.match(missing.stderr, new RegExp(name));
    }
    assert.match(unwrapped(missing.stderr), /Nothing was written\. `rollcall init --help` shows the options/);
    assert.doesNotMatch(missing.stderr, /app settings/);
    assert.deepEqual(await readdir(place.path), []);
  });

  it("refuses a domain that is no tenant's", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const args = asOptions({ ...everything(), tenant: "nobody.example" });
    const outcome = await rollcallHere(["init", ...args, ...hosts()], surroundings(), place.path);
    assert.equal(outcome.exitCode, 2);
    assert.match(outcome.stderr, /ROLLCALL_TENANT_ID is refused \(tenant-not-found\)/);
    assert.deepEqual(await readdir(place.path), []);
  });

  it("leaves a file that is there alone, unless told to replace it", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const file = path.join(place.path, FILE);
    await writeFile(file, "{}", { mode: 0o644 });
    const args = [...asOptions(everything()), ...hosts()];
    const refused = await rollcallHere(["init", ...args], surroundings(), place.path);
    assert.equal(refused.exitCode, 1);
    assert.match(unwrapped(refused.stderr), /it is there already.*--force/s);
    const declined = await answering(args, place.path, [[/Replace it\? \[y\/N\]/, ""]]);
    assert.equal(declined.exitCode, 1);
    assert.equal(await readFile(file, "utf8"), "{}");
    const replaced = await answering(args, place.path, [
      [/Replace it\?/, "y"],
      [/Microsoft cloud/, ""],
    ]);
    assert.equal(replaced.exitCode, 0, replaced.stdout + replaced.stderr);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(place.path), [FILE]);
  });

  it("lets nobody else read what it writes, not for a moment, whoever could read what it replaces", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    await writeFile(path.join(place.path, FILE), "{}", { mode: 0o644 });
    const modes: number[] = [];
    const look = async () => {
      for (const name of await readdir(place.path)) {
        if (name.endsWith(".tmp")) modes.push((await stat(path.join(place.path, name))).mode & 0o777);
      }
      return undefined;
    };
    const { tenant: _, ...rest } = everything();
    await answering([...asOptions(rest), ...hosts(), "--force"], place.path, [
      [/cloud/, ""],
      [/Tenant/, look],
    ]);
    assert.deepEqual(modes, [0o600]);
    assert.equal(await readFile(path.join(place.path, FILE), "utf8"), "{}");
  });

  it("offers nothing that it would refuse, whatever az says", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const az = path.join(place.path, "az");
    const said = JSON.stringify({
      tenantId: `\u001b[2Jno tenant ${"x".repeat(9999)}`,
      environmentName: "AzureCloud",
    });
    await writeFile(az, `#!/bin/sh\necho '${said}'\n`);
    await chmod(az, 0o700);
    const { tenant: _, ...rest } = everything();
    const args = [...asOptions(rest), ...hosts()];
    const environment = surroundings({ PATH: `${place.path}:/bin:/usr/bin` });
    const { stderr } = await answering(
      args,
      place.path,
      [
        [/cloud/, ""],
        [/Tenant .*: $/s, undefined],
      ],
      environment,
    );
    assert.ok(!stderr.includes("xxx"), stderr);
  });

  it("ends at once when whoever is asked leaves while az is asked", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const az = path.join(place.path, "az");
    await writeFile(az, "#!/bin/sh\nexec sleep 60\n");
    await chmod(az, 0o700);
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const stderr = new PassThrough();
    const told = text(stderr);
    setTimeout(() => stdin.end(), 300);
    const startedMs = performance.now();
    const exitCode = await runCli(["init"], {
      stdin,
      stdout: new PassThrough(),
      stderr,
      environment: surroundings({ PATH: `${place.path}:/bin:/usr/bin` }),
      cwd: place.path,
      signal: new AbortController().signal,
    });
    assert.ok(performance.now() - startedMs < 5000);
    assert.equal(exitCode, 1);
    stderr.end();
    assert.match(await told, /the question was not answered/);
    assert.deepEqual(await readdir(place.path), ["az"]);
  });

  it("says so when the environment has settings, which win over the file", async () => {
    await using place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-init-"));
    const environment = surroundings({ ROLLCALL_CONTAINER: "other" });
    const outcome = await rollcallHere(["init", ...asOptions(everything())], environment, place.path);
    assert.equal(outcome.exitCode, 2);
    assert.match(outcome.stderr, /ROLLCALL_CONTAINER is in the environment/);
    assert.deepEqual(await readdir(place.path), []);
  });
});
