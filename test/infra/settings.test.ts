import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readSettings, readTenantsSettings, SETTING_NAMES } from "../../infra/rollcall.ts";
import { readTemplate, readVariables } from "../../infra/template.ts";
import { readProxyRules } from "../../src/http/proxy.ts";
import { givenIn, Snapshot, VARIANTS } from "./snapshots.ts";

/** Settings that the template knows and the settings module does not yet. To be emptied when they are merged. */
const AHEAD_OF_THE_MODULE: readonly string[] = [];

const isOurs = (name: string) => name.startsWith("ROLLCALL_");

describe("app settings", () => {
  it("are every setting that there is, and none that there is not", () => {
    for (const variant of VARIANTS) {
      const names = Object.keys(new Snapshot(variant).appSettings()).filter(isOurs).sort();
      assert.deepEqual(names, [...SETTING_NAMES, ...AHEAD_OF_THE_MODULE].sort(), variant);
    }
  });

  it("are taken by the Function, and come to its own defaults where nothing is set", () => {
    const full = new Snapshot("full").appSettings();
    const settings = readSettings(full);
    assert.deepEqual(settings.credential, {
      kind: "secret",
      name: "app-secret",
      clientId: full.ROLLCALL_CLIENT_ID,
      vaultUrl: full.ROLLCALL_KEY_VAULT_URL,
    });
    assert.deepEqual(settings.formats, ["ndjson", "parquet"]);

    const basic = new Snapshot("basic").appSettings();
    const clientId = "6731de76-14a6-49ae-97bc-6eba6914391e";
    const needed = [
      ...["ROLLCALL_TENANT_ID", "ROLLCALL_KEY_VAULT_URL", "ROLLCALL_CERTIFICATE_NAME"],
      ...["ROLLCALL_STORAGE", "ROLLCALL_SCHEDULE"],
    ];
    const least = Object.fromEntries(needed.map((name) => [name, basic[name]]));
    assert.deepEqual(
      readSettings({ ...basic, ROLLCALL_CLIENT_ID: clientId }),
      readSettings({ ...least, ROLLCALL_CLIENT_ID: clientId }),
    );
  });

  it("are what their parameters say, each by the variable of its own name", () => {
    // Seen in other variants: a kind of credential without a secret, another cloud, and several tenants in place of one.
    const elsewhere = [
      "ROLLCALL_CREDENTIAL",
      "ROLLCALL_SECRET_NAME",
      "ROLLCALL_CERTIFICATE_NAME",
      "ROLLCALL_CLOUD",
      "ROLLCALL_TENANTS",
    ];
    const { parameters } = readTemplate();
    // In the second one, settings with the same values in the first are told apart.
    for (const variant of ["chosen", "full"] as const) {
      const given = givenIn(`variants/${variant}.bicepparam`);
      const shown = new Snapshot(variant).appSettings();
      for (const [name, variable] of Object.entries(readVariables())) {
        if (!isOurs(variable) || elsewhere.includes(variable)) continue;
        const otherwise = String(parameters[name]?.defaultValue);
        const value = given[name] ?? otherwise;
        if (variant === "chosen")
          assert.notEqual(value, otherwise, `infra/variants/chosen.bicepparam leaves ${name} at its default`);
        if (variable === "ROLLCALL_TENANT_ID") continue;
        assert.equal(shown[variable], value, `${variant}: ${variable}`);
      }
    }
    assert.equal(new Snapshot("chosen").appSettings().ROLLCALL_CERTIFICATE_NAME, "chosen-cert");
    assert.equal(
      readSettings(new Snapshot("chosen").appSettings()).tenant,
      "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1",
    );
  });

  it("name the vault's object for certificate and secret only, and no app registration for managed-identity", () => {
    const shown = (variant: (typeof VARIANTS)[number]) => {
      const settings = new Snapshot(variant).appSettings();
      return [
        "CREDENTIAL",
        "CLIENT_ID",
        "KEY_VAULT_URL",
        "CERTIFICATE_NAME",
        "SECRET_NAME",
        "SIGNING_KEY_NAME",
      ]
        .map((name) => settings[`ROLLCALL_${name}`] ?? "")
        .map((value) => value.replace(/kv-roll-[a-z0-9]{13}/, "VAULT"));
    };
    const client = "6731de76-14a6-49ae-97bc-6eba6914391e";
    const vault = "https://VAULT.vault.azure.net";
    assert.deepEqual(shown("basic"), ["certificate", "", vault, "graph-cert", "", ""]);
    assert.deepEqual(shown("full"), ["secret", client, vault, "", "app-secret", "manifest-key"]);
    assert.deepEqual(shown("federated"), ["federated", client, "", "", "", ""]);
    assert.deepEqual(shown("managed-identity"), ["managed-identity", "", "", "", "", ""]);
    assert.deepEqual(shown("existing"), [
      ...[
        "certificate",
        client,
        "https://contoso-vault.vault.usgovcloudapi.net",
        "graph-cert",
        "",
        "manifest-key",
      ],
    ]);
  });

  it("name several tenants in place of one", () => {
    const { ROLLCALL_TENANT_ID, ROLLCALL_TENANTS } = new Snapshot("tenants").appSettings();
    assert.deepEqual([ROLLCALL_TENANT_ID, ROLLCALL_TENANTS], ["", "@tenants.json"]);
    assert.equal(new Snapshot("basic").appSettings().ROLLCALL_TENANTS, "");
  });

  it("hold no secret and no key, and let the host find its storage as the identity", () => {
    for (const variant of VARIANTS) {
      const settings = new Snapshot(variant).appSettings();
      const others = Object.keys(settings).filter((name) => !isOurs(name));
      const storage = variant === "existing" ? "blobServiceUri" : "accountName";
      assert.deepEqual(
        others.sort(),
        [
          "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
          "APPLICATIONINSIGHTS_CONNECTION_STRING",
          "AZURE_CLIENT_ID",
          `AzureWebJobsStorage__${storage}`,
          "AzureWebJobsStorage__clientId",
          "AzureWebJobsStorage__credential",
          "HTTPS_PROXY",
          "NO_PROXY",
        ].sort(),
      );
      assert.equal(settings.AzureWebJobsStorage__credential, "managedidentity");
      const clientId = /\/userAssignedIdentities\/id-rollcall-[a-z0-9]{13}'.*\)\.clientId\)?\]$/;
      for (const name of ["AZURE_CLIENT_ID", "AzureWebJobsStorage__clientId"])
        assert.match(settings[name] ?? "", clientId, name);
      const { APPLICATIONINSIGHTS_AUTHENTICATION_STRING: asWhom = "", ...rest } = settings;
      assert.match(asWhom, /^\[format\('ClientId=\{0\};Authorization=AAD', reference\(/);
      assert.match(asWhom, clientId);
      assert.match(
        rest.APPLICATIONINSIGHTS_CONNECTION_STRING ?? "",
        /\/components\/appi-rollcall-[a-z0-9]{13}'.*\)\.ConnectionString\]$/,
      );
      for (const [name, value] of Object.entries(settings))
        assert.doesNotMatch(value, /AccountKey=|SharedAccess|sig=|@Microsoft\.KeyVault|listKeys/i, name);
    }
  });
});

describe("a proxy", () => {
  it("is not asked for what a private network leads to, nor for the identity", () => {
    const snapshot = new Snapshot("full");
    const { HTTPS_PROXY, NO_PROXY = "", ROLLCALL_STORAGE, ROLLCALL_KEY_VAULT_URL } = snapshot.appSettings();
    const host = snapshot.one("Microsoft.Storage/storageAccounts", "strollhost").name;
    assert.equal(HTTPS_PROXY, "http://proxy.contoso.com:8080");
    const direct = readProxyRules({ HTTPS_PROXY, NO_PROXY });
    assert.ok(direct && direct !== "invalid");
    for (const url of [ROLLCALL_STORAGE, ROLLCALL_KEY_VAULT_URL, `https://${host}.blob.core.windows.net`])
      assert.ok(direct.isDirect(new URL(url ?? "").hostname), url);
    assert.ok(direct.isDirect("169.254.169.254"));
    assert.ok(!direct.isDirect("graph.microsoft.com"));
  });
});

describe("main.parameters.json", () => {
  it("lets azd set every parameter, each by a variable of its own", () => {
    const variables = readVariables();
    const byOtherMeans = ["storageSuffix", "tags", "vaultSuffix"];
    assert.deepEqual(
      [...Object.keys(variables), ...byOtherMeans].sort(),
      Object.keys(readTemplate().parameters).sort(),
    );
    assert.equal(new Set(Object.values(variables)).size, Object.keys(variables).length);
    for (const name of Object.values(variables)) assert.match(name, /^(AZURE|INFRA|ROLLCALL)_[A-Z_]+$/);
  });

  it("calls by a setting's name what becomes that setting", () => {
    const own = Object.values(readVariables()).filter(isOurs);
    const fromTheTemplate = ["ROLLCALL_KEY_VAULT_URL", "ROLLCALL_STORAGE"];
    assert.deepEqual([...own, ...fromTheTemplate].sort(), [...SETTING_NAMES, ...AHEAD_OF_THE_MODULE].sort());
  });
});

describe("docs/deploy.md", () => {
  it("lists every variable and parameter besides the settings, with its default", () => {
    const [, section = ""] = readFileSync(new URL("../../docs/deploy.md", import.meta.url), "utf8").split(
      "\n## Parameters\n",
    );
    const rows = [
      ...(section.split("\n## ")[0] ?? "").matchAll(/^\| (`[^|]+) \| (`[^|]+) \| .+ \| (.+) \|$/gm),
    ];
    const names = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const listed = rows.flatMap(([, variables, parameters]) =>
      names(variables).map((variable, index) => [names(parameters)[index], variable]),
    );
    const besides = Object.entries(readVariables()).filter(([, variable]) => !isOurs(variable));
    assert.deepEqual(listed.sort(), besides.sort());
    for (const [, , parameters, shown = ""] of rows) {
      const { defaultValue } = readTemplate().parameters[names(parameters)[0] ?? ""] ?? {};
      if (["number", "boolean"].includes(typeof defaultValue))
        assert.match(shown, new RegExp(`^${defaultValue}\\b`));
    }
  });
});

describe("outputs", () => {
  it("name nothing that azd and its pipelines use for themselves, such as AZURE_CLIENT_ID", () => {
    assert.deepEqual(
      Object.keys(readTemplate().outputs).filter((name) => !isOurs(name)),
      ["AZURE_FUNCTION_APP_NAME", "AZURE_KEY_VAULT_NAME", "IDENTITY_PRINCIPAL_ID", "IDENTITY_CLIENT_ID"],
    );
  });

  it("are what doctor needs, under the names of the settings, with the values of the app's", () => {
    for (const variant of VARIANTS) {
      const snapshot = new Snapshot(variant);
      const settings = snapshot.appSettings();
      const own = Object.entries(snapshot.outputs).filter(([name]) => isOurs(name));
      for (const [name, value] of own) assert.equal(value, settings[name], `${variant}: ${name}`);
      // Only an app registration may still be missing: it is made after the first deployment.
      const { ROLLCALL_CLIENT_ID, ...others } = Object.fromEntries(own);
      const clientId = variant === "basic" ? "6731de76-14a6-49ae-97bc-6eba6914391e" : ROLLCALL_CLIENT_ID;
      if (variant === "tenants") readTenantsSettings(others);
      const anybody = "00000000-0000-4000-8000-000000000000";
      const one = variant === "tenants" ? { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: anybody } : {};
      const read = readSettings({ ...others, ...one, ROLLCALL_CLIENT_ID: clientId });
      assert.equal(read.credential.kind, snapshot.outputs.ROLLCALL_CREDENTIAL, variant);
    }
  });
});
