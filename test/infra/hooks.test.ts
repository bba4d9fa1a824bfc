import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { leftToDo } from "../../infra/hooks/left-to-do.ts";
import { provisionProblems } from "../../infra/hooks/provision-problems.ts";
import { readVariables } from "../../infra/template.ts";
import { givenIn, Snapshot, VARIANTS } from "./snapshots.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const GUID = "6731de76-14a6-49ae-97bc-6eba6914391e";

/** The parameters of a .bicepparam file as azd's variables, in the form that azd keeps them. */
function asVariables(file: string): Readonly<Record<string, string>> {
  const variables = readVariables();
  const values = Object.entries(givenIn(file)).map(([name, value]) => [variables[name] ?? name, value]);
  return Object.fromEntries(values);
}

describe("before-provision", () => {
  it("lets through every variant that there is a snapshot of", () => {
    for (const variant of VARIANTS) {
      assert.deepEqual(provisionProblems(asVariables(`variants/${variant}.bicepparam`)), [], variant);
    }
  });

  it("lets through what a deployment puts out, whose empty outputs are no names", () => {
    for (const variant of VARIANTS) {
      const { outputs } = new Snapshot(variant);
      const again = { ...asVariables(`variants/${variant}.bicepparam`), ...outputs };
      assert.deepEqual(provisionProblems(again), [], variant);
    }
  });

  it("lets through another kind of credential than that of the deployment before, whose outputs azd keeps", () => {
    for (const variant of VARIANTS) {
      const { outputs } = new Snapshot(variant);
      // A managed identity reads one directory, its own.
      const other = variant === "tenants" ? [] : ["managed-identity"];
      for (const ROLLCALL_CREDENTIAL of ["certificate", "secret", "federated", ...other]) {
        assert.deepEqual(provisionProblems({ ...outputs, ROLLCALL_CREDENTIAL }), [], ROLLCALL_CREDENTIAL);
      }
    }
  });

  // The hook asks nobody which directory the subscription is of, so the template alone refuses another one.
  for (const file of readdirSync(`${ROOT}infra/refused`).filter(
    (name) => name !== "other-tenant.bicepparam",
  )) {
    it(`refuses ${file.replace(".bicepparam", "").replaceAll("-", " ")}, as the template does`, () => {
      const [problem = ""] = provisionProblems(asVariables(`refused/${file}`));
      assert.match(problem, /\b(INFRA|ROLLCALL|AZURE)_[A-Z_]+ .+\.$/);
    });
  }

  it("says in a sentence what is wrong, which variable, and what is right", () => {
    const wrong: readonly (readonly [string, string, string])[] = [
      ["ROLLCALL_TENANT_ID", "contoso.com", "must be the directory id, a GUID, not a domain."],
      ["ROLLCALL_CREDENTIAL", "password", "must be one of certificate, secret, federated, managed-identity."],
      ["ROLLCALL_CONCURRENCY", "65", "must be 1 to 64."],
      ["ROLLCALL_CONCURRENCY", "many", "must be a whole number."],
      ["ROLLCALL_TIME_BUDGET_MINUTES", "30", "must be 1 to 29."],
      [
        "ROLLCALL_FORMATS",
        "excel",
        "must name formats, separated by commas, for example ndjson,csv,parquet.",
      ],
      [
        "ROLLCALL_CONTAINER",
        "User_Snapshots",
        "must be 3 to 63 lower-case letters, digits and single hyphens, for example user-snapshots.",
      ],
      ["INFRA_MEMORY_MB", "1024", "must be one of 512, 2048, 4096."],
      ["INFRA_MAXIMUM_INSTANCES", "0", "must be 1 to 1000."],
      ["INFRA_LOCK_SNAPSHOTS", "yes", "must be true or false."],
      ["INFRA_EXISTING_VAULT", "https://contoso.vault.azure.net", "must have 24 characters or fewer."],
      ["INFRA_STORAGE_ACCOUNT", "Contoso-Data", "must be 3 to 24 lower-case letters and digits."],
      ["INFRA_ALERT_EMAIL", "oncall@contoso", "must be one mail address, such as oncall@contoso.com."],
      [
        "INFRA_ADDRESS_PREFIX",
        "10.0.0.0/27",
        "must be an IPv4 network of /24 or more, such as 10.60.0.0/24.",
      ],
      ["INFRA_ALLOWED_IP_ADDRESSES", "203.0.113.7", 'must be a list such as ["203.0.113.7"].'],
      ...[
        '["203.0.113.7/32"]',
        '["203.0.113.6/31"]',
        '["10.1.2.3"]',
        '["172.20.0.0/16"]',
        '["198.51.100"]',
      ].map(
        (list) =>
          [
            "INFRA_ALLOWED_IP_ADDRESSES",
            list,
            "must hold public IPv4 addresses, or ranges of /30 or larger.",
          ] as const,
      ),
      [
        "INFRA_HTTPS_PROXY",
        "http://me:word@proxy:8080",
        "must be the http or https URL of a proxy, without a login.",
      ],
    ];
    for (const [name, value, problem] of wrong) {
      const [first, ...more] = provisionProblems({ [name]: value });
      assert.equal(first, `${name} ${problem}`);
      if (name !== "INFRA_EXISTING_VAULT") {
        assert.deepEqual(
          more.filter((other) => !other.includes("needs INFRA_PRIVATE_NETWORKING")),
          [],
        );
      }
    }
  });

  it("lets public addresses and ranges through to a private network", () => {
    const INFRA_ALLOWED_IP_ADDRESSES = '["203.0.113.7", "198.51.100.0/30", "192.0.2.0/24"]';
    assert.deepEqual(provisionProblems({ INFRA_ALLOWED_IP_ADDRESSES, INFRA_PRIVATE_NETWORKING: "true" }), []);
  });

  it("checks the schedule and the properties as the Function will", () => {
    const [problem] = provisionProblems({ ROLLCALL_SCHEDULE: "0 0 2 30 2 *" });
    assert.match(problem ?? "", /^ROLLCALL_SCHEDULE must be an NCRONTAB expression of six fields/);
    assert.match(provisionProblems({ ROLLCALL_PROPERTIES: "aboutMe" })[0] ?? "", /^ROLLCALL_PROPERTIES /);
  });

  it("lets through a secret that azd will read from a vault", () => {
    const INFRA_ALERT_WEBHOOK_URL = `akvs://${GUID}/contoso-vault/alert-webhook`;
    assert.deepEqual(provisionProblems({ INFRA_ALERT_WEBHOOK_URL }), []);
  });

  it("does not repeat a webhook's URL, which is a secret", () => {
    const told = provisionProblems({ INFRA_ALERT_WEBHOOK_URL: "http://hooks.contoso.com/T0KEN" }).join();
    assert.equal(told, "INFRA_ALERT_WEBHOOK_URL must be an https URL.");
  });

  it("ends with 1, so that azd makes nothing", () => {
    const run = (environment: Readonly<Record<string, string>>) =>
      spawnSync(process.execPath, [`${ROOT}infra/hooks/before-provision.ts`], {
        env: { PATH: process.env.PATH, ...environment },
        encoding: "utf8",
      });
    assert.equal(run({ AZURE_ENV_NAME: "rollcall" }).status, 0);
    const { status, stderr } = run({ ROLLCALL_TENANT_ID: "contoso.com" });
    assert.equal(status, 1);
    assert.match(stderr, /nothing was made or changed:\n\n {2}• ROLLCALL_TENANT_ID /);
  });
});

describe("after-provision", () => {
  const outputs = {
    ROLLCALL_TENANT_ID: GUID,
    AZURE_FUNCTION_APP_NAME: "func-rollcall",
    AZURE_KEY_VAULT_NAME: "kv-roll",
    IDENTITY_PRINCIPAL_ID: "0a0b0c0d-1111-4222-8333-444455556666",
  };

  it("says for a certificate who makes it, where the client id goes, and who consents", () => {
    const told = leftToDo({
      ...outputs,
      ROLLCALL_CREDENTIAL: "certificate",
      ROLLCALL_CERTIFICATE_NAME: "graph-cert",
    });
    assert.match(
      told,
      new RegExp(
        `register\\.sh --tenant ${GUID} --credential certificate --vault kv-roll --object graph-cert\n`,
      ),
    );
    assert.match(told, /azd env set ROLLCALL_CLIENT_ID <client id>/);
    assert.match(told, /Who: a Privileged Role Administrator or Global Administrator/);
    assert.match(
      told,
      new RegExp(`https://login\\.microsoftonline\\.com/${GUID}/adminconsent\\?client_id=<client id>`),
    );
  });

  it("gives the consent page whole once the client id is known, in each cloud", () => {
    const told = leftToDo({
      ...outputs,
      ROLLCALL_CREDENTIAL: "federated",
      ROLLCALL_CLIENT_ID: GUID,
      ROLLCALL_CLOUD: "usgov",
    });
    assert.match(
      told,
      new RegExp(`https://login\\.microsoftonline\\.us/${GUID}/adminconsent\\?client_id=${GUID}\n`),
    );
    assert.match(
      told,
      /--credential federated --identity 0a0b0c0d-1111-4222-8333-444455556666 --cloud usgov\n/,
    );
    assert.doesNotMatch(told, /azd env set|kv-roll/);
  });

  it("has no app registration, vault or consent page for the identity itself", () => {
    const told = leftToDo({ ...outputs, ROLLCALL_CREDENTIAL: "managed-identity", AZURE_KEY_VAULT_NAME: "" });
    assert.match(told, /register\.sh --tenant \S+ --credential managed-identity --identity 0a0b0c0d/);
    assert.doesNotMatch(told, /adminconsent|vault|client id/);
  });

  it("says which checks of doctor fail on a laptop because only the Function has the roles", () => {
    const expected = {
      certificate: /no more roles than this deployment gives you, vault and storage refuse you/,
      secret: /gives you, storage refuses you/,
      federated: /gives you, credential and storage fail/,
      "managed-identity": /gives you, token and storage fail/,
    };
    for (const [ROLLCALL_CREDENTIAL, words] of Object.entries(expected))
      assert.match(leftToDo({ ...outputs, ROLLCALL_CREDENTIAL }), words);
  });

  it("promises a role in the vault only where the deployment made the vault", () => {
    const told = leftToDo({ ...outputs, ROLLCALL_CREDENTIAL: "secret" });
    assert.match(told, /is Key Vault Secrets Officer on the vault kv-roll, as whoever deploys with azd is/);
    const existing = { ...outputs, ROLLCALL_CREDENTIAL: "certificate", INFRA_EXISTING_VAULT: "kv-roll" };
    assert.match(leftToDo(existing), /is Key Vault Certificates Officer on the vault kv-roll\n/);
  });

  it("always ends with doctor and the first night", () => {
    for (const ROLLCALL_CREDENTIAL of ["certificate", "secret", "federated", "managed-identity"]) {
      const told = leftToDo({ ...outputs, ROLLCALL_CREDENTIAL });
      assert.match(
        told,
        /azd env get-values[^\n]+npx rollcall doctor\n[\s\S]+func-rollcall, take-snapshot, Test\/Run/,
      );
    }
  });
});

describe("infra", () => {
  it("knows Rollcall by one file only", () => {
    const files = readdirSync(`${ROOT}infra`, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const importing = files.filter((name) =>
      /from "[^"]*\/src\//.test(readFileSync(`${ROOT}infra/${name}`, "utf8")),
    );
    assert.deepEqual(importing, ["rollcall.ts"]);
  });
});

describe("azure.yaml", () => {
  const text = readFileSync(`${ROOT}azure.yaml`, "utf8");
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));

  it("deploys the service that the app's tag names, as it was built here", () => {
    assert.match(
      text,
      /^services:\n {2}rollcall:\n {4}project: \.\n {4}language: ts\n {4}host: function\n {4}remoteBuild: false$/m,
    );
    assert.match(text, /^requiredVersions:\n(?: +#.*\n)* {2}azd: ">= 1\.23\.12"$/m);
  });

  it("runs hooks that there are, on either kind of system", () => {
    const named = [...text.matchAll(/npm run --silent ([\w-]+)/g)].map(([, name = ""]) => name);
    assert.deepEqual(named, ["before-provision", "before-provision", "after-provision", "after-provision"]);
    for (const name of named) assert.ok(scripts[name], name);
  });
});
