import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import { CLOUDS } from "../../src/settings/clouds.ts";
import { readReaderSettings, readSettings, readSigningKey } from "../../src/settings/settings.ts";
import { HOSTILE_HOSTS } from "../support/hostile-hosts.ts";
import { assertRefused, errorOf, RIGHT, withSettings } from "./right-settings.ts";

describe("readSettings", () => {
  it("fills in the defaults", () => {
    assert.deepEqual(readSettings(RIGHT), {
      tenant: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
      credential: {
        kind: "certificate",
        clientId: "6731de76-14a6-49ae-97bc-6eba6914391e",
        vaultUrl: "https://contoso-vault.vault.azure.net",
        name: "graph-cert",
      },
      storage: { kind: "identity", url: "https://contosodata.blob.core.windows.net" },
      container: "user-snapshots",
      cloud: CLOUDS.global,
      properties: DEFAULT_PROPERTIES,
      listing: "auto",
      count: true,
      concurrency: 16,
      formats: ["ndjson"],
      changes: true,
      report: false,
      maxShrinkPercent: 20,
      keep: undefined,
      timeBudgetMs: 25 * 60_000,
      schedule: undefined,
      signingKey: undefined,
      requireSignature: false,
    });
  });

  it("takes every setting as it is set", () => {
    const settings = readSettings({
      ROLLCALL_TENANT_ID: "Contoso.onmicrosoft.com",
      ROLLCALL_CLIENT_ID: "6731DE76-14A6-49AE-97BC-6EBA6914391E",
      ROLLCALL_KEY_VAULT_URL: "https://contoso-vault.vault.usgovcloudapi.net/",
      ROLLCALL_SECRET_NAME: "graph-secret",
      ROLLCALL_STORAGE: "https://contosodata.blob.core.usgovcloudapi.net/",
      ROLLCALL_CONTAINER: "directory",
      ROLLCALL_SCHEDULE: "0 30 3 * * MON-FRI",
      ROLLCALL_PROPERTIES: "mail, id ,displayName",
      ROLLCALL_CLOUD: "usgov",
      ROLLCALL_AUTHORITY_HOST: "https://login.example/",
      ROLLCALL_GRAPH_URL: "https://graph.example",
      ROLLCALL_LISTING: "sliced",
      ROLLCALL_CONCURRENCY: "8",
      ROLLCALL_COUNT: "off",
      ROLLCALL_FORMATS: "Parquet, csv",
      ROLLCALL_CHANGES: "off",
      ROLLCALL_REPORT: "on",
      ROLLCALL_MAX_SHRINK_PERCENT: "12.5",
      ROLLCALL_KEEP: "monthly=12, daily=30",
      ROLLCALL_TIME_BUDGET_MINUTES: "0.5",
      ROLLCALL_SIGNING_KEY_NAME: "manifest-key",
      ROLLCALL_REQUIRE_SIGNATURE: "on",
    });
    assert.deepEqual(settings, {
      tenant: "contoso.onmicrosoft.com",
      credential: {
        kind: "secret",
        clientId: "6731de76-14a6-49ae-97bc-6eba6914391e",
        vaultUrl: "https://contoso-vault.vault.usgovcloudapi.net",
        name: "graph-secret",
      },
      storage: { kind: "identity", url: "https://contosodata.blob.core.usgovcloudapi.net" },
      container: "directory",
      cloud: {
        ...CLOUDS.usgov,
        authorityHost: "https://login.example",
        graphUrl: "https://graph.example",
      },
      properties: ["mail", "id", "displayName"],
      listing: "sliced",
      count: false,
      concurrency: 8,
      formats: ["ndjson", "csv", "parquet"],
      changes: false,
      report: true,
      maxShrinkPercent: 12.5,
      keep: { daily: 30, monthly: 12 },
      timeBudgetMs: 30_000,
      schedule: "0 30 3 * * MON-FRI",
      signingKey: { vaultUrl: "https://contoso-vault.vault.usgovcloudapi.net", name: "manifest-key" },
      requireSignature: true,
    });
  });

  it("counts an empty or blank value as not set", () => {
    const settings = readSettings(
      withSettings({
        ROLLCALL_SECRET_NAME: "",
        ROLLCALL_CONTAINER: " ",
        ROLLCALL_CLOUD: "",
        ROLLCALL_PROPERTIES: "",
        ROLLCALL_SCHEDULE: "\t",
        ROLLCALL_GRAPH_URL: "",
        ROLLCALL_TIME_BUDGET_MINUTES: "",
      }),
    );
    assert.deepEqual(settings, readSettings(RIGHT));
    assertRefused({ ROLLCALL_TENANT_ID: "  " }, /^is missing$/);
  });

  it("takes off blanks around a value", () => {
    const padded = Object.fromEntries(Object.entries(RIGHT).map(([name, value]) => [name, ` ${value}\r\n`]));
    assert.deepEqual(readSettings(padded), readSettings(RIGHT));
  });

  it("ignores settings that are not its own", () => {
    assert.deepEqual(
      readSettings(withSettings({ PATH: "/bin", ROLLCALL_COLOUR: "blue" })),
      readSettings(RIGHT),
    );
  });
});

describe("a signature that is required", () => {
  it("needs the key that signs", () => {
    const { problems } = errorOf(withSettings({ ROLLCALL_REQUIRE_SIGNATURE: " on " }));
    assert.deepEqual(problems, [
      {
        name: "ROLLCALL_REQUIRE_SIGNATURE",
        problem: "is on, and needs the key in ROLLCALL_SIGNING_KEY_NAME",
        example: "ROLLCALL_SIGNING_KEY_NAME=manifest-key",
      },
    ]);
    assert.equal(readSettings(withSettings({ ROLLCALL_REQUIRE_SIGNATURE: "off" })).requireSignature, false);
  });

  it("is on or off, and its key is named as Key Vault names things", () => {
    assertRefused({ ROLLCALL_REQUIRE_SIGNATURE: "yes" }, /^must be on or off$/);
    assertRefused({ ROLLCALL_SIGNING_KEY_NAME: "keys/manifest" }, /^must be 1 to 127/);
  });
});

describe("readSigningKey", () => {
  const both = {
    ROLLCALL_KEY_VAULT_URL: "https://contoso-vault.vault.azure.net/",
    ROLLCALL_SIGNING_KEY_NAME: "manifest-key",
  };

  it("names the key and its vault, and needs nothing else", () => {
    assert.deepEqual(readSigningKey(both), {
      vaultUrl: "https://contoso-vault.vault.azure.net",
      name: "manifest-key",
    });
  });

  it("names none unless both are set", () => {
    for (const name of Object.keys(both)) assert.equal(readSigningKey({ ...both, [name]: " " }), undefined);
  });

  it("refuses a vault outside of the cloud", () => {
    for (const url of HOSTILE_HOSTS) {
      const { problems } = errorOf({ ...both, ROLLCALL_KEY_VAULT_URL: url }, readSigningKey);
      assert.deepEqual(
        problems.map(({ name }) => name),
        ["ROLLCALL_KEY_VAULT_URL"],
        url,
      );
    }
  });
});

describe("readReaderSettings", () => {
  it("needs the tenant and the storage only", () => {
    assert.deepEqual(
      readReaderSettings({
        ROLLCALL_TENANT_ID: "contoso.com",
        ROLLCALL_STORAGE: "UseDevelopmentStorage=true",
      }),
      {
        tenant: "contoso.com",
        storage: { kind: "local", connectionString: "UseDevelopmentStorage=true" },
        container: "user-snapshots",
        cloud: CLOUDS.global,
      },
    );
  });

  it("names both when they are missing", () => {
    assert.deepEqual(
      errorOf({}, readReaderSettings)
        .problems.map(({ name }) => name)
        .sort(),
      ["ROLLCALL_STORAGE", "ROLLCALL_TENANT_ID"],
    );
  });

  it("does not look at what only a run needs", () => {
    const environment = withSettings({
      ROLLCALL_CLIENT_ID: "x",
      ROLLCALL_SCHEDULE: "x",
      ROLLCALL_PROPERTIES: "",
    });
    assert.equal(readReaderSettings(environment).tenant, RIGHT.ROLLCALL_TENANT_ID);
  });

  it("refuses storage outside of the cloud", () => {
    for (const url of ["https://contoso.blob.core.usgovcloudapi.net", ...HOSTILE_HOSTS]) {
      const { problems } = errorOf({ ...RIGHT, ROLLCALL_STORAGE: url }, readReaderSettings);
      assert.deepEqual(
        problems.map(({ name }) => name),
        ["ROLLCALL_STORAGE"],
      );
    }
  });
});
