import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  FIXED_CLIENT_ID,
  FIXED_FOLDER,
  FIXED_IDENTITY_CLIENT_ID,
  FIXED_IDENTITY_HEADER,
  FIXED_PORTS,
  FIXED_TENANT_ID,
} from "../src/sandbox/fixed.ts";
import { type Sandbox, startSandbox } from "../src/sandbox/sandbox.ts";
import { sandboxTls } from "../src/sandbox/service/tls.ts";
import { readSettings, SETTING_NAMES } from "../src/settings/settings.ts";
import { jsonOf, rollcall } from "./cli/rollcall-process.ts";

const ROOT = new URL("../", import.meta.url);

const sample = JSON.parse(await readFile(new URL("local.settings.sample.json", ROOT), "utf8")) as {
  readonly IsEncrypted: boolean;
  readonly Values: Readonly<Record<string, string>>;
};

/** The sandbox that the sample is for, on free ports: `npm run sandbox` may be running. */
async function startLikeFixed(folder: string): Promise<Sandbox> {
  return await startSandbox({
    users: 1200,
    tenantId: FIXED_TENANT_ID,
    clientId: FIXED_CLIENT_ID,
    identityHeader: FIXED_IDENTITY_HEADER,
    identityClientId: FIXED_IDENTITY_CLIENT_ID,
    tls: await sandboxTls(join(folder, ".sandbox", "tls")),
  });
}

/** The sample with the sandbox's ports in place of the fixed ones. */
function sampleFor({ tenant, storage }: Sandbox): Record<string, string> {
  const urls = {
    entra: tenant.entra.origin,
    graph: tenant.graph.origin,
    vault: tenant.vault.origin,
    identity: tenant.identity.endpoint,
    storage: storage.url,
  };
  let text = JSON.stringify(sample.Values);
  for (const [name, port] of Object.entries(FIXED_PORTS)) {
    assert.ok(text.includes(`127.0.0.1:${port}`), `port ${port} of ${name}`);
    text = text.replaceAll(`127.0.0.1:${port}`, new URL(urls[name as keyof typeof urls]).host);
  }
  return JSON.parse(text) as Record<string, string>;
}

describe("local.settings.sample.json", () => {
  it("names every setting, and no other of ours", () => {
    const ours = Object.keys(sample.Values).filter((name) => name.startsWith("ROLLCALL_"));
    assert.deepEqual(ours.sort(), SETTING_NAMES);
  });

  it("names each setting once", async () => {
    const text = await readFile(new URL("local.settings.sample.json", ROOT), "utf8");
    for (const name of Object.keys(sample.Values)) assert.equal(text.split(`"${name}":`).length, 2, name);
  });

  it("has what the Functions host needs, and no value that is not a string", () => {
    assert.equal(sample.IsEncrypted, false);
    assert.equal(sample.Values.FUNCTIONS_WORKER_RUNTIME, "node");
    assert.ok(sample.Values.AzureWebJobsStorage);
    assert.ok(Object.values(sample.Values).every((value) => typeof value === "string"));
  });

  it("is read as the settings of a run on a certificate", () => {
    const settings = readSettings(sample.Values);
    assert.equal(settings.tenant, FIXED_TENANT_ID);
    assert.deepEqual(settings.credential, {
      kind: "certificate",
      clientId: FIXED_CLIENT_ID,
      vaultUrl: `https://127.0.0.1:${FIXED_PORTS.vault}`,
      name: "graph-cert",
    });
    assert.equal(settings.timeBudgetMs, 25 * 60_000);
  });

  it("trusts the authority that the sandbox keeps, named from the project's folder", () => {
    assert.equal(
      new URL(sample.Values.NODE_EXTRA_CA_CERTS ?? "", ROOT).pathname,
      join(FIXED_FOLDER, "tls", "authority.pem"),
    );
  });

  it("works with the sandbox as local.settings.json: doctor, snapshot, verify", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-sample-"));
    await using sandbox = await startLikeFixed(folder.path);
    const values = sampleFor(sandbox);
    for (const [name, value] of Object.entries(sandbox.environment)) {
      if (name !== "NODE_EXTRA_CA_CERTS") assert.equal(values[name], value, name);
    }
    await writeFile(join(folder.path, "local.settings.json"), JSON.stringify({ ...sample, Values: values }));
    const run = (...args: readonly string[]) => rollcall([...args, "--json"], {}, folder.path);
    const checks = jsonOf(await run("doctor")) as readonly { readonly status: string }[];
    assert.ok(checks.length > 0);
    assert.deepEqual(
      checks.filter(({ status }) => status !== "ok"),
      [],
    );
    const manifest = jsonOf(await run("snapshot")) as { readonly tenantId: string };
    assert.equal(manifest.tenantId, FIXED_TENANT_ID);
    assert.equal((jsonOf(await run("verify")) as { readonly whole: boolean }).whole, true);
  });
});
