import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadEnvironment } from "../../src/cli/environment.ts";
import { SettingsError } from "../../src/settings/settings.ts";
import { HOSTILE_HOSTS } from "../support/hostile-hosts.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { rollcall, rollcallHere } from "./rollcall-process.ts";

/** A folder with a `local.settings.json`, removed when disposed. */
async function folderWith(content: unknown) {
  const folder = await mkdtempDisposable(join(tmpdir(), "rollcall-environment-"));
  const text = typeof content === "string" ? content : JSON.stringify(content);
  await writeFile(join(folder.path, "local.settings.json"), text);
  return folder;
}

async function refuses(content: unknown, problem: RegExp): Promise<void> {
  await using folder = await folderWith(content);
  assert.throws(
    () => loadEnvironment({}, folder.path),
    (error) => error instanceof SettingsError && problem.test(error.message),
  );
}

describe("loadEnvironment", () => {
  it("takes all values of local.settings.json where the environment names none of ours", async () => {
    await using folder = await folderWith({
      IsEncrypted: false,
      Values: { ROLLCALL_CONTAINER: "snaps", IDENTITY_ENDPOINT: "http://127.0.0.1/msi/token" },
    });
    const environment = { PATH: "/bin" };
    assert.deepEqual(loadEnvironment(environment, folder.path), {
      PATH: "/bin",
      ROLLCALL_CONTAINER: "snaps",
      IDENTITY_ENDPOINT: "http://127.0.0.1/msi/token",
    });
  });

  it("puts them into the environment, where the identity library looks for its own", async () => {
    await using folder = await folderWith({ Values: { IDENTITY_HEADER: "h", AZURE_CLIENT_ID: "from file" } });
    const environment: Record<string, string | undefined> = { AZURE_CLIENT_ID: "set already" };
    loadEnvironment(environment, folder.path);
    assert.deepEqual(environment, { AZURE_CLIENT_ID: "set already", IDENTITY_HEADER: "h" });
  });

  it("takes the identity's endpoint and header both or neither", async () => {
    await using folder = await folderWith({
      Values: { IDENTITY_ENDPOINT: "http://127.0.0.1:1/msi/token", IDENTITY_HEADER: "h" },
    });
    const environment: Record<string, string | undefined> = { IDENTITY_HEADER: "the platform's" };
    assert.deepEqual(loadEnvironment(environment, folder.path), { IDENTITY_HEADER: "the platform's" });
  });

  it("leaves the Functions host's environment name alone", async () => {
    await using folder = await folderWith({ Values: { AZURE_FUNCTIONS_ENVIRONMENT: "Development" } });
    assert.deepEqual(loadEnvironment({}, folder.path), {});
  });

  it("does not mix: one variable of ours in the environment, and the file is not read", async () => {
    await using folder = await folderWith("{ broken");
    const environment = { ROLLCALL_TENANT_ID: "contoso.com" };
    assert.deepEqual(loadEnvironment(environment, folder.path), { ROLLCALL_TENANT_ID: "contoso.com" });
  });

  it("does without the file", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-environment-"));
    assert.deepEqual(loadEnvironment({ PATH: "/bin" }, folder.path), { PATH: "/bin" });
  });

  it("refuses a broken file", () => refuses("{ broken", /local\.settings\.json is not a JSON object/));

  it("refuses an encrypted file, saying how to decrypt it", () =>
    refuses({ IsEncrypted: true, Values: {} }, /func settings decrypt/));

  it("refuses values that are no strings, naming each and telling none", async () => {
    await using folder = await folderWith({ Values: { ONE: 4711, TWO: { secret: "hush" } } });
    assert.throws(
      () => loadEnvironment({}, folder.path),
      (error) => {
        assert.ok(error instanceof SettingsError);
        assert.deepEqual(
          error.problems.map(({ name }) => name),
          ["ONE in local.settings.json", "TWO in local.settings.json"],
        );
        assert.doesNotMatch(JSON.stringify(error), /4711|hush/);
        return true;
      },
    );
  });

  it("refuses a certificate authority file that is not there", () =>
    refuses(
      { Values: { NODE_EXTRA_CA_CERTS: "missing.pem", ROLLCALL_AUTHORITY_HOST: "https://127.0.0.1:7443" } },
      /NODE_EXTRA_CA_CERTS .* not there/,
    ));

  it("leaves out what is the Functions host's", async () => {
    await using folder = await folderWith({
      Values: {
        AzureWebJobsStorage: "UseDevelopmentStorage=true",
        PATH: "/evil",
        ROLLCALL_CONTAINER: "snaps",
      },
    });
    assert.deepEqual(loadEnvironment({}, folder.path), { ROLLCALL_CONTAINER: "snaps" });
  });
});

describe("a local.settings.json of somebody else's folder", () => {
  it("may name a certificate authority only where all its hosts are on this machine", async () => {
    const here = {
      ROLLCALL_AUTHORITY_HOST: "https://127.0.0.1:7443",
      ROLLCALL_GRAPH_URL: "https://127.0.0.1:7444",
      ROLLCALL_KEY_VAULT_URL: "https://localhost:7445",
      ROLLCALL_STORAGE: "https://[::1]:7447/devstoreaccount1",
      NODE_EXTRA_CA_CERTS: "missing.pem",
    };
    await refuses({ Values: here }, /NODE_EXTRA_CA_CERTS .* not there/);
    for (const [name, url] of [
      ["ROLLCALL_AUTHORITY_HOST", ""],
      ["ROLLCALL_AUTHORITY_HOST", "https://login.microsoftonline.com"],
      ["ROLLCALL_GRAPH_URL", "https://graph.microsoft.com"],
      ["ROLLCALL_KEY_VAULT_URL", "https://contoso.vault.azure.net"],
      ["ROLLCALL_STORAGE", " https://contoso.blob.core.windows.net "],
    ] as const) {
      await refuses(
        { Values: { ...here, [name]: url } },
        /NODE_EXTRA_CA_CERTS .* has more certificates trusted/,
      );
    }
  });

  it("is refused by each command before anything is asked, and never shown", async () => {
    await using sandbox = await startTestSandbox({ users: 10 });
    const values = { ...sandbox.environment, ROLLCALL_AUTHORITY_HOST: "https://zz8q.stranger.example" };
    await using folder = await folderWith({ Values: values });
    for (const args of [["doctor"], ["doctor", "--json"], ["snapshot"], ["list"], ["users", "--json"]]) {
      const { exitCode, stdout, stderr } = await rollcallHere(args, {}, folder.path);
      assert.equal(exitCode, args[0] === "doctor" ? 1 : 2, stdout + stderr);
      assert.match(stdout + stderr, /--trust-local-settings/);
      assert.doesNotMatch(stdout + stderr, /zz8q/);
    }
    assert.deepEqual(sandbox.tenant.requests, []);
  });

  it("is believed with --trust-local-settings, before or behind the command", async () => {
    await using sandbox = await startTestSandbox({ users: 10 });
    const values = { ...sandbox.environment, AZURE_TENANT_ID: sandbox.tenant.tenantId };
    await using folder = await folderWith({ Values: values });
    assert.equal((await rollcall(["list"], {}, folder.path)).exitCode, 2);
    for (const args of [
      ["--trust-local-settings", "list"],
      ["list", "--trust-local-settings"],
    ]) {
      const { exitCode, stdout, stderr } = await rollcall(args, {}, folder.path);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /No snapshot of tenant/);
    }
  });

  const harmful: readonly (readonly [name: string, value: string])[] = [
    ["ROLLCALL_AUTHORITY_HOST", "https://login.microsoftonline.com.evil.example"],
    ["ROLLCALL_GRAPH_URL", "https://graph.evil.example"],
    ["IDENTITY_ENDPOINT", "http://169.254.169.254/metadata"],
    ["AZURE_AUTHORITY_HOST", "https://evil.example"],
    ["AZURE_CLIENT_SECRET", "hush"],
    ["NODE_EXTRA_CA_CERTS", "evil.pem"],
    ["NODE_OPTIONS", "--import ./evil.mjs"],
    ["NODE_TLS_REJECT_UNAUTHORIZED", "zero"],
    ["HTTPS_PROXY", "http://evil.example:8080"],
    ["https_proxy", "http://evil.example:8080"],
    ["MSI_ENDPOINT", "http://evil.example"],
  ];

  async function takesNothing(name: string, value: string): Promise<void> {
    await using folder = await folderWith({ Values: { ROLLCALL_CONTAINER: "snaps", [name]: value } });
    const environment = {};
    assert.throws(
      () => loadEnvironment(environment, folder.path),
      (error) => {
        assert.ok(error instanceof SettingsError, value);
        assert.match(
          error.message,
          new RegExp(`${name} in local\\.settings\\.json .*--trust-local-settings`),
        );
        assert.ok(!error.message.includes(value));
        return true;
      },
    );
    assert.deepEqual(environment, {});
  }

  for (const name of ["ROLLCALL_AUTHORITY_HOST", "ROLLCALL_GRAPH_URL", "IDENTITY_ENDPOINT"]) {
    it(`is refused for a ${name} that only looks like the right host`, async () => {
      for (const url of HOSTILE_HOSTS) await takesNothing(name, url);
    });
  }

  for (const [name, value] of harmful) {
    it(`is refused for ${name}=${value}, and nothing of it is taken`, () => takesNothing(name, value));

    if (name !== "NODE_EXTRA_CA_CERTS") {
      it(`is taken with ${name} by who vouches for it`, async () => {
        await using folder = await folderWith({ Values: { [name]: value } });
        assert.deepEqual(loadEnvironment({}, folder.path, true), { [name]: value });
      });
    }
  }

  for (const host of [
    "https://login.microsoftonline.us",
    "https://login.partner.microsoftonline.cn",
    "https://127.0.0.1:7443",
    "https://localhost:7443",
    "https://[::1]:7443",
  ]) {
    it(`may name ${host}`, async () => {
      await using folder = await folderWith({ Values: { ROLLCALL_AUTHORITY_HOST: host } });
      assert.deepEqual(loadEnvironment({}, folder.path), { ROLLCALL_AUTHORITY_HOST: host });
    });
  }
});
