// src/doctor's checks of credentials without a secret are tested through the command: here.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { CheckResult } from "../../src/doctor/check.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { jsonOf, rollcallIn } from "./rollcall-process.ts";

/** In a process of its own: the identity library keeps tokens, with their roles, as long as one lasts. */
async function examine(sandbox: Sandbox, exitCode: 0 | 1): Promise<ReadonlyMap<string, CheckResult>> {
  const outcome = await rollcallIn(sandbox)("doctor", "--json");
  assert.equal(outcome.exitCode, exitCode, outcome.stdout + outcome.stderr);
  const results = JSON.parse(outcome.stdout) as CheckResult[];
  return new Map(results.map((result) => [result.check, result]));
}

function named(results: ReadonlyMap<string, CheckResult>, status: CheckResult["status"]): readonly string[] {
  return [...results.values()].filter((result) => result.status === status).map(({ check }) => check);
}

/** What `show` and `report` say of a run. */
async function shown(sandbox: Sandbox, kind: string): Promise<void> {
  const rollcall = rollcallIn(sandbox);
  const { credential } = jsonOf(await rollcall("snapshot", "--json")) as { readonly credential: unknown };
  assert.deepEqual(credential, { kind, name: null, version: null, expiresOn: null });
  const { stdout } = await rollcall("show");
  assert.match(stdout, new RegExp(`credential +${kind}: nothing expires\n`));
  assert.doesNotMatch(stdout, /\bnull\b|^ *version /m);
  await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-secretless-"));
  const file = join(folder.path, "report.html");
  assert.equal((await rollcall("report", "--out", file)).exitCode, 0);
  const report = await readFile(file, "utf8");
  assert.match(report, new RegExp(`${kind}, nothing expires`));
  assert.doesNotMatch(report, />null</);
}

describe("rollcall doctor with the identity's token in place of a secret", () => {
  it("finds all good, and says which token it is and that nothing rotates", async () => {
    await using sandbox = await startTestSandbox({ users: 50, credential: "federated" });
    const { identity, entra, tenantId } = sandbox.tenant;
    const results = await examine(sandbox, 0);
    assert.deepEqual(named(results, "ok").length, results.size);
    assert.equal(results.get("vault")?.detail, "federated needs none");
    const issuer = `${entra.origin}/${tenantId}/v2.0`;
    assert.equal(
      results.get("credential")?.detail,
      `federated: the identity's token for api://AzureADTokenExchange, issuer ${issuer}, subject ${identity.principalId}; nothing to rotate`,
    );
    assert.match(results.get("token")?.detail ?? "", /^Entra accepts the identity's token/);
    assert.equal(results.get("roles")?.detail, "the token has User.Read.All");
    await shown(sandbox, "federated");
  });

  it("says what the app must trust when Entra does not accept it", async () => {
    await using sandbox = await startTestSandbox({ users: 50, credential: "federated" });
    const { app, identity } = sandbox.tenant;
    const [right] = app.federatedCredentials;
    assert.ok(right);
    app.federatedCredentials.splice(0, 1, { ...right, subject: randomUUID() });
    const results = await examine(sandbox, 1);
    assert.deepEqual(named(results, "failed"), ["token"]);
    assert.deepEqual(named(results, "skipped"), ["roles", "graph", "count", "slices"]);
    assert.match(results.get("token")?.detail ?? "", /AADSTS700213: no federated credential .* subject/);
    assert.ok(results.get("token")?.remedy?.includes(`subject ${identity.principalId}`));
  });

  it("still sends to the consent page for a role that the app lacks", async () => {
    await using sandbox = await startTestSandbox({ users: 50, credential: "federated" });
    sandbox.tenant.app.roles.clear();
    const results = await examine(sandbox, 1);
    assert.deepEqual(named(results, "failed"), ["roles", "graph"]);
    assert.match(results.get("roles")?.remedy ?? "", /adminconsent\?client_id=/);
  });
});

describe("rollcall doctor as the managed identity itself", () => {
  it("finds all good without vault and app registration", async () => {
    await using sandbox = await startTestSandbox({ users: 50, credential: "managed-identity" });
    const results = await examine(sandbox, 0);
    assert.deepEqual(named(results, "ok").length, results.size);
    assert.match(results.get("settings")?.detail ?? "", /^credential managed-identity, container /);
    assert.match(results.get("credential")?.detail ?? "", /own token for https:.*; nothing to rotate$/);
    assert.ok(results.get("token")?.detail.includes(sandbox.tenant.identity.principalId));
    assert.equal(results.get("roles")?.detail, "the token has User.Read.All");
    await shown(sandbox, "managed-identity");
  });

  it("says how to grant a missing role to the identity, and how long that takes", async () => {
    await using sandbox = await startTestSandbox({ users: 50, credential: "managed-identity" });
    sandbox.tenant.identity.roles.clear();
    const results = await examine(sandbox, 1);
    assert.deepEqual(named(results, "failed"), ["roles", "graph"]);
    const remedy = results.get("roles")?.remedy ?? "";
    assert.ok(remedy.includes(`--identity ${sandbox.tenant.identity.principalId}`), remedy);
    assert.match(remedy, /up to 24 hours/);
    assert.doesNotMatch(remedy, /adminconsent/);
  });
});
