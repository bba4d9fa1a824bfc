import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadEnvironment } from "../../src/cli/environment.ts";
import { CLOUDS } from "../../src/identity/clouds.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { SettingsError } from "../../src/settings.ts";
import { rollcall } from "./rollcall-process.ts";

/** As the sandbox's settings are. */
const HERE = {
  ROLLCALL_AUTHORITY_HOST: "https://127.0.0.1:7443",
  ROLLCALL_GRAPH_URL: "https://127.0.0.1:7444",
  ROLLCALL_KEY_VAULT_URL: "https://localhost:7445",
  ROLLCALL_STORAGE: "https://[::1]:7447/devstoreaccount1",
};

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ users: 10 });
});
after(() => sandbox[Symbol.asyncDispose]());

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
  it("takes the values of local.settings.json where the environment names none of ours", async () => {
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
    refuses({ Values: { ...HERE, NODE_EXTRA_CA_CERTS: "missing.pem" } }, /NODE_EXTRA_CA_CERTS .* not there/));
});

describe("local.settings.json, which may be a stranger's", () => {
  it("may name the hosts of Microsoft's clouds and of this machine", async () => {
    for (const { authorityHost, graphUrl } of Object.values(CLOUDS)) {
      const values = { ROLLCALL_AUTHORITY_HOST: authorityHost, ROLLCALL_GRAPH_URL: graphUrl };
      await using folder = await folderWith({ Values: values });
      assert.deepEqual(loadEnvironment({}, folder.path), values);
    }
    await using folder = await folderWith({ Values: HERE });
    assert.deepEqual(loadEnvironment({}, folder.path), HERE);
  });

  it("may name no other host, and the message says why and what to do", async () => {
    for (const [name, url] of [
      ["ROLLCALL_AUTHORITY_HOST", "https://login.stranger.example"],
      ["ROLLCALL_AUTHORITY_HOST", " https://login.microsoftonline.com.stranger.example "],
      ["ROLLCALL_AUTHORITY_HOST", "https://login.microsoftonline.com:8443"],
      ["ROLLCALL_AUTHORITY_HOST", "https://127.0.0.1.stranger.example"],
      ["ROLLCALL_AUTHORITY_HOST", "https://graph.microsoft.com"],
      ["ROLLCALL_GRAPH_URL", "https://graph.stranger.example"],
      ["ROLLCALL_GRAPH_URL", "https://localhost@stranger.example"],
      ["IDENTITY_ENDPOINT", "http://stranger.example/msi/token"],
    ] as const) {
      const problem = new RegExp(
        `${name} in local\\.settings\\.json is .*would be sent a credential; set it in the environment, or pass --trust-local-settings`,
      );
      await refuses({ Values: { ROLLCALL_CONTAINER: "snaps", [name]: url } }, problem);
      await using folder = await folderWith({ Values: { [name]: url } });
      assert.deepEqual(loadEnvironment({}, folder.path, true), { [name]: url });
    }
  });

  it("may not set what steers credentials in programs that are not ours", async () => {
    for (const name of [
      "AZURE_AUTHORITY_HOST",
      "AZURE_CLIENT_SECRET",
      "AZURE_FEDERATED_TOKEN_FILE",
      "AZURE_TENANT_ID",
      "HTTPS_PROXY",
      "MSI_ENDPOINT",
      "NODE_OPTIONS",
      "NODE_TLS_REJECT_UNAUTHORIZED",
      "SSL_CERT_FILE",
      "https_proxy",
    ]) {
      await refuses({ Values: { [name]: "x" } }, new RegExp(`${name} in local\\.settings\\.json could have`));
      await using folder = await folderWith({ Values: { [name]: "x" } });
      assert.deepEqual(loadEnvironment({}, folder.path, true), { [name]: "x" });
    }
  });

  it("sets nothing that only other programs know: they keep theirs there, too", async () => {
    await using folder = await folderWith({
      Values: {
        AzureWebJobsStorage: "UseDevelopmentStorage=true",
        FUNCTIONS_WORKER_RUNTIME: "node",
        PYTHONPATH: "./evil",
        LD_PRELOAD: "./evil.so",
        ROLLCALL_CONTAINER: "snaps",
      },
    });
    const environment = {};
    loadEnvironment(environment, folder.path);
    assert.deepEqual(environment, { ROLLCALL_CONTAINER: "snaps" });
  });

  it("may name a certificate authority only where all its hosts are on this machine", async () => {
    const authority = { NODE_EXTRA_CA_CERTS: "authority.pem" };
    const problem =
      /NODE_EXTRA_CA_CERTS in local\.settings\.json would let others pass for Microsoft's hosts/;
    await refuses({ Values: authority }, problem);
    await refuses({ Values: { ...HERE, ROLLCALL_AUTHORITY_HOST: "", ...authority } }, problem);
    for (const name of Object.keys(HERE)) {
      const url = name.includes("AUTHORITY") ? "https://login.microsoftonline.com" : "https://x.example";
      await refuses({ Values: { ...HERE, [name]: url, ...authority } }, problem);
    }
  });

  it("is refused by each command before anything is asked, and never shown", async () => {
    const values = {
      ...sandbox.environment,
      ROLLCALL_AUTHORITY_HOST: "https://zz8q.stranger.example",
    };
    await using folder = await folderWith({ Values: values });
    for (const args of [["doctor"], ["doctor", "--json"], ["snapshot"], ["list"], ["users", "--json"]]) {
      const { exitCode, stdout, stderr } = await rollcall(args, {}, folder.path);
      assert.equal(exitCode, args[0] === "doctor" ? 1 : 2, stdout + stderr);
      assert.match(
        (stdout + stderr).replaceAll(/\s+/g, " "),
        /--trust-local-settings if the file is your own/,
      );
      assert.doesNotMatch(stdout + stderr, /zz8q/);
    }
    assert.deepEqual(sandbox.tenant.requests, []);
  });

  it("is believed with --trust-local-settings, before or behind the command", async () => {
    const values = { ...sandbox.environment, AZURE_TENANT_ID: sandbox.tenant.tenantId };
    await using folder = await folderWith({ Values: values });
    const [refused, ...trusted] = [
      await rollcall(["list"], {}, folder.path),
      await rollcall(["--trust-local-settings", "list"], {}, folder.path),
      await rollcall(["list", "--trust-local-settings"], {}, folder.path),
    ];
    assert.equal(refused?.exitCode, 2);
    for (const { exitCode, stdout, stderr } of trusted) {
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /No snapshot of tenant/);
    }
  });
});
