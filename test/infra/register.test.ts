import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const IDENTITY = "0a0b0c0d-1111-4222-8333-444455556666";
const CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e";
const TENANT = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214";

/** A directory and a vault on this machine, and an `az` that speaks to them. */
class Azure implements Disposable {
  readonly #folder = mkdtempDisposableSync(path.join(tmpdir(), "rollcall-az-"));
  readonly #state = path.join(this.#folder.path, "state.json");

  /** @param az what the program does in place of answering */
  constructor(az = `exec "${process.execPath}" "${ROOT}test/infra/az.ts" "$@"`) {
    writeFileSync(this.#state, JSON.stringify({ calls: [], made: {} }));
    const program = path.join(this.#folder.path, "az");
    writeFileSync(program, `#!/bin/sh\n${az}\n`);
    chmodSync(program, 0o755);
    // Nobody waits here.
    const sleep = path.join(this.#folder.path, "sleep");
    writeFileSync(sleep, "#!/bin/sh\n");
    chmodSync(sleep, 0o755);
  }

  register(...options: readonly string[]) {
    return this.#register(options);
  }

  /** Azure refuses each call that holds the text. */
  registerRefused(text: string, ...options: readonly string[]) {
    return this.#register(options, { AZ_REFUSES: text });
  }

  /** Azure refuses the first calls that hold the text. */
  registerLate(text: string, times: number, ...options: readonly string[]) {
    return this.#register(options, { AZ_REFUSES: text, AZ_REFUSES_TIMES: String(times) });
  }

  #register(options: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const path = `${this.#folder.path}:${process.env.PATH}`;
    const { status, stdout, stderr } = spawnSync("bash", [`${ROOT}infra/graph/register.sh`, ...options], {
      encoding: "utf8",
      env: { ...process.env, ...environment, AZ_STATE: this.#state, PATH: path },
    });
    return { status, stdout, stderr };
  }

  get calls(): readonly string[] {
    return JSON.parse(readFileSync(this.#state, "utf8")).calls;
  }

  get made(): Readonly<Record<string, string>> {
    return JSON.parse(readFileSync(this.#state, "utf8")).made;
  }

  [Symbol.dispose](): void {
    this.#folder.remove();
  }
}

describe("register.sh", () => {
  it("makes an app registration with one application permission, and says who consents where", () => {
    using azure = new Azure();
    const { status, stdout } = azure.register("--credential", "certificate", "--vault", "kv-roll");
    assert.equal(status, 0);
    const app = JSON.parse(azure.made["applications(uniqueName='rollcall')"] ?? "");
    assert.deepEqual(app.requiredResourceAccess, [
      {
        resourceAppId: "00000003-0000-0000-c000-000000000000",
        resourceAccess: [{ id: USER_READ_ALL, type: "Role" }],
      },
    ]);
    assert.equal(app.signInAudience, "AzureADMyOrg");
    assert.match(stdout, /Privileged Role Administrator/);
    assert.match(
      stdout,
      new RegExp(`https://login\\.microsoftonline\\.com/${TENANT}/adminconsent\\?client_id=${CLIENT}`),
    );
    assert.match(stdout, new RegExp(`azd env set ROLLCALL_CLIENT_ID ${CLIENT}`));
  });

  it("makes the certificate in the vault and adds it to the app, once however often it is run", () => {
    using azure = new Azure();
    for (let time = 0; time < 3; time++) azure.register("--credential", "certificate", "--vault", "kv-roll");
    assert.equal(azure.made["credential graph-cert v1"], "certificate");
    assert.equal(azure.calls.filter((call) => call.includes("certificate create")).length, 1);
    assert.equal(azure.calls.filter((call) => call.startsWith("ad app credential reset")).length, 1);
  });

  it("leaves the certificate for later where there is no vault yet", () => {
    using azure = new Azure();
    const { status, stdout } = azure.register("--credential", "certificate");
    assert.equal(status, 0);
    assert.match(stdout, /Run this again with --vault/);
    assert.ok(!azure.calls.some((call) => call.startsWith("keyvault")));
  });

  it("puts a client secret into the vault by way of no argument and no output", () => {
    using azure = new Azure();
    const { status, stdout, stderr } = azure.register("--credential", "secret", "--vault", "kv-roll");
    assert.equal(status, 0, stderr);
    assert.equal(azure.made["secret graph-secret"], "a-client-secret");
    assert.ok(!`${stdout}${stderr}${azure.calls.join()}`.includes("a-client-secret"));
    assert.match(
      azure.calls.find((call) => call.startsWith("keyvault secret set")) ?? "",
      /--expires \d{4}-\d\d-\d\dT/,
    );
    azure.register("--credential", "secret", "--vault", "kv-roll");
    assert.equal(azure.calls.filter((call) => call.startsWith("keyvault secret set")).length, 1);
  });

  it("lets the app trust the identity's token, by its object id, for the audience of the cloud", () => {
    using azure = new Azure();
    azure.register("--credential", "federated", "--identity", IDENTITY);
    const place =
      "applications(uniqueName='rollcall')/federatedIdentityCredentials(name='rollcall-identity')";
    assert.deepEqual(JSON.parse(azure.made[place] ?? ""), {
      issuer: `https://login.microsoftonline.com/${TENANT}/v2.0`,
      subject: IDENTITY,
      audiences: ["api://AzureADTokenExchange"],
    });
    azure.register("--credential", "federated", "--identity", IDENTITY, "--cloud", "usgov");
    const { issuer, audiences } = JSON.parse(azure.made[place] ?? "");
    assert.deepEqual(
      [issuer, audiences],
      [`https://login.microsoftonline.us/${TENANT}/v2.0`, ["api://AzureADTokenExchangeUSGov"]],
    );
    assert.ok(
      !azure.calls.some((call) => call.startsWith("keyvault") || call.startsWith("ad app credential")),
    );
  });

  it("gives the identity itself the permission, once, and makes no app", () => {
    using azure = new Azure();
    for (let time = 0; time < 2; time++) {
      const { status, stdout } = azure.register("--credential", "managed-identity", "--identity", IDENTITY);
      assert.equal(status, 0);
      assert.match(stdout, /User\.Read\.All is granted/);
    }
    assert.deepEqual(Object.keys(azure.made), [`servicePrincipals/${IDENTITY}/appRoleAssignments`]);
    assert.deepEqual(JSON.parse(Object.values(azure.made)[0] ?? ""), {
      principalId: IDENTITY,
      resourceId: "graph-principal",
      appRoleId: USER_READ_ALL,
    });
    assert.equal(azure.calls.filter((call) => call.includes("--method post")).length, 1);
  });

  it("grants the permission with --grant, and then there is nothing to consent to", () => {
    using azure = new Azure();
    const { stdout } = azure.register("--credential", "federated", "--identity", IDENTITY, "--grant");
    assert.match(stdout, /User\.Read\.All is granted now/);
    assert.doesNotMatch(stdout, /adminconsent/);
    assert.doesNotMatch(
      azure.register("--credential", "federated", "--identity", IDENTITY).stdout,
      /adminconsent/,
    );
  });

  it("refuses what it does not understand before it asks Azure for anything", () => {
    for (const options of [
      [],
      ["--credential", "password"],
      ["--credential", "federated"],
      ["--credential", "managed-identity", "--identity", "rollcall"],
      ["--credential", "certificate", "--name", "roll'call"],
      ["--credential", "certificate", "--cloud", "moon"],
      ["--credential", "certificate", "--tenant", "contoso.com"],
      ["--credential", "certificate", "--vaults", "kv-roll"],
      ["--credential"],
    ]) {
      using azure = new Azure();
      const { status, stderr } = azure.register(...options);
      assert.equal(status, 2, options.join(" "));
      assert.match(stderr, /^register\.sh: /);
      assert.deepEqual(azure.calls, []);
    }
  });

  it("makes nothing a second time because Azure refuses a look-up, as a vault does until a new role works", () => {
    const kinds: readonly (readonly [refused: string, made: string, options: readonly string[]])[] = [
      ["keyvault secret list", "credential reset", ["--credential", "secret", "--vault", "kv-roll"]],
      [
        "keyvault certificate list",
        "certificate create",
        ["--credential", "certificate", "--vault", "kv-roll"],
      ],
      ["keyCredentials", "credential reset", ["--credential", "certificate", "--vault", "kv-roll"]],
      ["/appRoleAssignments", "--method post", ["--credential", "managed-identity", "--identity", IDENTITY]],
    ];
    for (const [refused, made, options] of kinds) {
      using azure = new Azure();
      assert.notEqual(azure.registerRefused(refused, ...options).status, 0, refused);
      assert.deepEqual(
        azure.calls.filter((call) => call.includes(made)),
        [],
        refused,
      );
      assert.equal(azure.register(...options).status, 0, refused);
      assert.equal(azure.calls.filter((call) => call.includes(made)).length, 1, refused);
    }
  });

  it("makes nothing in another directory than the one that it was told", () => {
    using azure = new Azure();
    const { status, stderr } = azure.register("--credential", "certificate", "--tenant", IDENTITY);
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`signed in to the directory ${TENANT}, not to ${IDENTITY}: az login`));
    assert.deepEqual(azure.made, {});
    assert.equal(azure.register("--credential", "certificate", "--tenant", TENANT).status, 0);
  });

  it("waits for Entra to know the app and the service principal that it has just made", () => {
    for (const made of ["--query appId", "patch --url https://graph.microsoft.com/v1.0/servicePrincipals"]) {
      using azure = new Azure();
      const { status, stdout, stderr } = azure.registerLate(made, 3, "--credential", "certificate");
      assert.equal(status, 0, stderr);
      assert.match(stdout, /✓ service principal/);
      assert.equal(stderr, "");
    }
    using azure = new Azure();
    const { status, stderr } = azure.registerLate("--query appId", 4, "--credential", "certificate");
    assert.notEqual(status, 0);
    assert.equal(stderr.match(/Forbidden/g)?.length, 1);
  });

  it("stops where Azure refuses", () => {
    using azure = new Azure("exit 1");
    const { status, stdout } = azure.register("--credential", "certificate", "--vault", "kv-roll");
    assert.equal(status, 1);
    assert.equal(stdout, "");
  });
});

describe("infra/graph/main.bicep", () => {
  const bicep = readFileSync(`${ROOT}infra/graph/main.bicep`, "utf8");
  const script = readFileSync(`${ROOT}infra/graph/register.sh`, "utf8");

  it("has a folder and a configuration of its own, as it alone needs the network to compile", () => {
    const { extensions } = JSON.parse(readFileSync(`${ROOT}infra/graph/bicepconfig.json`, "utf8"));
    assert.deepEqual(Object.keys(extensions), ["microsoftGraphV1"]);
    assert.match(extensions.microsoftGraphV1, /\/microsoftgraph\/v1\.0:1\.0\.0$/);
    assert.match(bicep, /^extension microsoftGraphV1$/m);
    assert.ok(!("extensions" in JSON.parse(readFileSync(`${ROOT}infra/bicepconfig.json`, "utf8"))));
  });

  it("does the same as the script: one permission, one trust, the same names and audiences", () => {
    for (const shared of [
      ...["00000003-0000-0000-c000-000000000000", USER_READ_ALL, "AzureADMyOrg", "rollcall-identity"],
      ...["api://AzureADTokenExchange", "api://AzureADTokenExchangeUSGov", "api://AzureADTokenExchangeChina"],
      ...["certificate", "secret", "federated", "managed-identity", "adminconsent?client_id="],
    ]) {
      assert.ok(bicep.includes(shared), `main.bicep: ${shared}`);
      assert.ok(script.includes(shared), `register.sh: ${shared}`);
    }
    assert.equal(bicep.match(/type: 'Role'/g)?.length, 1);
    assert.doesNotMatch(bicep, /Scope'|keyCredentials:|passwordCredentials/);
  });
});
