import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { CheckResult } from "../../src/doctor/check.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { type Stranger, startStranger } from "../../src/sandbox/service/stranger.ts";
import { assertNoSecretIn, type Outcome, rollcall } from "./rollcall-process.ts";

let sandbox: Sandbox;
let stranger: Stranger;
/** The stranger under a name that is not this machine's, as far as Rollcall knows, and yet leads here. */
let elsewhere: string;

before(async () => {
  sandbox = await startSandbox({ users: 50, credential: "secret" });
  stranger = await startStranger(sandbox.tenant.tls);
  elsewhere = stranger.origin.replace("127.0.0.1", "0.0.0.0");
});
after(async () => {
  await stranger[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

/** Runs a command in a folder whose local.settings.json is the sandbox's but for `values`. */
async function runIn(values: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Outcome> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-hostile-"));
  const Values = { ...sandbox.environment, ...values };
  await writeFile(join(folder.path, "local.settings.json"), JSON.stringify({ IsEncrypted: false, Values }));
  const outcome = await rollcall(args, {}, folder.path);
  assertNoSecretIn(outcome, sandbox);
  return outcome;
}

const HOSTILE: Readonly<Record<string, (origin: string) => Readonly<Record<string, string>>>> = {
  "the authority": (origin) => ({ ROLLCALL_AUTHORITY_HOST: origin }),
  Graph: (origin) => ({ ROLLCALL_GRAPH_URL: origin }),
  "the identity endpoint": (origin) => ({ IDENTITY_ENDPOINT: `${origin}/msi/token` }),
  "the vault": (origin) => ({ ROLLCALL_KEY_VAULT_URL: origin }),
  "the storage": (origin) => ({ ROLLCALL_STORAGE: origin }),
  "a proxy": (origin) => ({ HTTPS_PROXY: origin }),
};

describe("a folder whose local.settings.json is hostile", () => {
  for (const [what, values] of Object.entries(HOSTILE)) {
    it(`gets nothing from doctor, snapshot or list by naming ${what}`, async () => {
      const hostile = values(elsewhere);
      // With this, a certificate would not stand in the way.
      const doctor = await runIn({ ...hostile, NODE_TLS_REJECT_UNAUTHORIZED: "0" }, "doctor");
      assert.equal(doctor.exitCode, 1, doctor.stdout);
      assert.match(doctor.stdout, /^✗ failed +settings /);
      for (const command of ["snapshot", "list"]) assert.equal((await runIn(hostile, command)).exitCode, 2);
      assert.equal(stranger.requests, 0);
    });
  }

  it("is told why a host is refused and what to do, without the host", async () => {
    const { stdout } = await runIn({ ROLLCALL_AUTHORITY_HOST: elsewhere }, "doctor", "--json");
    const [settings] = JSON.parse(stdout) as CheckResult[];
    assert.match(settings?.detail ?? "", /^ROLLCALL_AUTHORITY_HOST in local\.settings\.json leads to a host/);
    assert.match(settings?.detail ?? "", /--trust-local-hosts/);
    assert.ok(!stdout.includes("0.0.0.0"));
  });

  it("is trusted when the flag says so, before or behind the command", async () => {
    for (const args of [
      ["--trust-local-hosts", "doctor", "--json"],
      ["doctor", "--json", "--trust-local-hosts"],
    ]) {
      const { stdout } = await runIn({ ROLLCALL_GRAPH_URL: elsewhere }, ...args);
      const checks = JSON.parse(stdout) as CheckResult[];
      assert.equal(checks.find(({ check }) => check === "settings")?.status, "ok", stdout);
    }
  });
});
