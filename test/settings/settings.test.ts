import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import { CLOUDS } from "../../src/settings/clouds.ts";
import {
  type Environment,
  isLoopback,
  readReaderSettings,
  readSettings,
  SettingsError,
} from "../../src/settings/settings.ts";

const RIGHT: Environment = {
  ROLLCALL_TENANT_ID: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
  ROLLCALL_CLIENT_ID: "6731de76-14a6-49ae-97bc-6eba6914391e",
  ROLLCALL_KEY_VAULT_URL: "https://contoso-vault.vault.azure.net",
  ROLLCALL_CERTIFICATE_NAME: "graph-cert",
  ROLLCALL_STORAGE: "https://contosodata.blob.core.windows.net",
};

/** Azurite's well-known account; its key is published by Microsoft and guards nothing. */
const LOCAL_STORAGE =
  "DefaultEndpointsProtocol=https;AccountName=devstoreaccount1;AccountKey=bm90LWEta2V5;" +
  "BlobEndpoint=https://127.0.0.1:10000/devstoreaccount1;";

function withSettings(changes: Environment): Environment {
  return { ...RIGHT, ...changes };
}

function errorOf(
  environment: Environment,
  read: (from: Environment) => unknown = readSettings,
): SettingsError {
  try {
    read(environment);
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    return error;
  }
  assert.fail(`was accepted: ${JSON.stringify(environment)}`);
}

/** Asserts that one setting alone is refused, with these words. */
function assertRefused(changes: Environment, words: RegExp): void {
  const { problems } = errorOf(withSettings(changes));
  assert.deepEqual(
    problems.map(({ name }) => name),
    Object.keys(changes),
    JSON.stringify(changes),
  );
  assert.match(problems[0]?.problem ?? "", words, JSON.stringify(changes));
  assert.notEqual(problems[0]?.example, "");
}

describe("readSettings", () => {
  it("fills in the defaults", () => {
    assert.deepEqual(readSettings(RIGHT), {
      tenant: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
      clientId: "6731de76-14a6-49ae-97bc-6eba6914391e",
      vaultUrl: "https://contoso-vault.vault.azure.net",
      credential: { kind: "certificate", name: "graph-cert" },
      storage: { kind: "identity", url: "https://contosodata.blob.core.windows.net" },
      container: "user-snapshots",
      cloud: CLOUDS.global,
      properties: DEFAULT_PROPERTIES,
      listing: "auto",
      count: true,
      concurrency: 16,
      formats: ["ndjson"],
      changes: true,
      maxShrinkPercent: 20,
      timeBudgetMs: 25 * 60_000,
      schedule: undefined,
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
      ROLLCALL_MAX_SHRINK_PERCENT: "12.5",
      ROLLCALL_TIME_BUDGET_MINUTES: "0.5",
    });
    assert.deepEqual(settings, {
      tenant: "contoso.onmicrosoft.com",
      clientId: "6731de76-14a6-49ae-97bc-6eba6914391e",
      vaultUrl: "https://contoso-vault.vault.usgovcloudapi.net",
      credential: { kind: "secret", name: "graph-secret" },
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
      maxShrinkPercent: 12.5,
      timeBudgetMs: 30_000,
      schedule: "0 30 3 * * MON-FRI",
    });
  });

  it("refuses ways of listing, formats and numbers that there are not", () => {
    for (const [name, value] of [
      ["ROLLCALL_LISTING", "parallel"],
      ["ROLLCALL_CONCURRENCY", "0"],
      ["ROLLCALL_CONCURRENCY", "65"],
      ["ROLLCALL_CONCURRENCY", "many"],
      ["ROLLCALL_FORMATS", "ndjson,xlsx"],
      ["ROLLCALL_CHANGES", "yes"],
      ["ROLLCALL_MAX_SHRINK_PERCENT", "101"],
      ["ROLLCALL_MAX_SHRINK_PERCENT", "-1"],
    ] as const) {
      assertRefused({ [name]: value }, /^(must|names)/);
    }
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

  it("names every missing setting at once", () => {
    const { problems, code, message } = errorOf({});
    assert.equal(code, "settings-invalid");
    assert.deepEqual(problems.map(({ name }) => name).sort(), [
      "ROLLCALL_CLIENT_ID",
      "ROLLCALL_KEY_VAULT_URL",
      "ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME",
      "ROLLCALL_STORAGE",
      "ROLLCALL_TENANT_ID",
    ]);
    for (const { name, problem, example } of problems) {
      assert.ok(message.includes(`${name} ${problem}, for example ${example}`), name);
    }
  });

  it("names every wrong setting at once", () => {
    const { problems } = errorOf({
      ROLLCALL_TENANT_ID: "contoso",
      ROLLCALL_CLIENT_ID: "rollcall",
      ROLLCALL_KEY_VAULT_URL: "contoso-vault",
      ROLLCALL_SECRET_NAME: "graph_secret",
      ROLLCALL_CERTIFICATE_NAME: "graph.cert",
      ROLLCALL_STORAGE: "contosodata",
      ROLLCALL_CONTAINER: "User Snapshots",
      ROLLCALL_SCHEDULE: "daily",
      ROLLCALL_PROPERTIES: "id;mail",
      ROLLCALL_CLOUD: "germany",
      ROLLCALL_AUTHORITY_HOST: "login",
      ROLLCALL_GRAPH_URL: "graph",
      ROLLCALL_TIME_BUDGET_MINUTES: "long",
    });
    assert.deepEqual(problems.map(({ name }) => name).sort(), [
      "ROLLCALL_AUTHORITY_HOST",
      "ROLLCALL_CERTIFICATE_NAME",
      "ROLLCALL_CLIENT_ID",
      "ROLLCALL_CLOUD",
      "ROLLCALL_CONTAINER",
      "ROLLCALL_GRAPH_URL",
      "ROLLCALL_KEY_VAULT_URL",
      "ROLLCALL_PROPERTIES",
      "ROLLCALL_SCHEDULE",
      "ROLLCALL_SECRET_NAME",
      "ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME",
      "ROLLCALL_STORAGE",
      "ROLLCALL_TENANT_ID",
      "ROLLCALL_TIME_BUDGET_MINUTES",
    ]);
  });

  it("names hosts outside of the cloud together with other wrong settings", () => {
    const { problems } = errorOf(
      withSettings({
        ROLLCALL_TENANT_ID: undefined,
        ROLLCALL_KEY_VAULT_URL: "https://vault.example",
        ROLLCALL_STORAGE: "https://storage.example",
      }),
    );
    assert.deepEqual(problems.map(({ name }) => name).sort(), [
      "ROLLCALL_KEY_VAULT_URL",
      "ROLLCALL_STORAGE",
      "ROLLCALL_TENANT_ID",
    ]);
  });

  describe("ROLLCALL_TENANT_ID", () => {
    it("takes a directory id or a domain, in lower case", () => {
      for (const tenant of [
        "87D349ED-44D7-43E1-9A83-5F2406DEE5BD",
        "contoso.com",
        "a-b.Co.UK",
        "xn--bcher-kva.example",
      ]) {
        assert.equal(readSettings(withSettings({ ROLLCALL_TENANT_ID: tenant })).tenant, tenant.toLowerCase());
      }
    });

    it("refuses what is neither", () => {
      for (const tenant of [
        "common",
        "organizations",
        "87d349ed44d743e19a835f2406dee5bd",
        "contoso..com",
        "-contoso.com",
        "contoso.com/",
        "contoso.com/../evil",
        "https://contoso.com",
        "contoso.com?x=1",
        `${"a".repeat(64)}.com`,
      ]) {
        assertRefused({ ROLLCALL_TENANT_ID: tenant }, /^must be a directory id or a verified domain$/);
      }
    });
  });

  describe("ROLLCALL_CLIENT_ID", () => {
    it("refuses what is no GUID", () => {
      for (const id of ["rollcall", "6731de76", "{6731de76-14a6-49ae-97bc-6eba6914391e}"]) {
        assertRefused({ ROLLCALL_CLIENT_ID: id }, /^must be an application \(client\) id$/);
      }
    });
  });

  describe("ROLLCALL_KEY_VAULT_URL", () => {
    it("takes a host under the cloud's suffix, with or without a slash behind it", () => {
      for (const [cloud, { vaultSuffix, blobSuffixes }] of Object.entries(CLOUDS)) {
        const settings = readSettings(
          withSettings({
            ROLLCALL_CLOUD: cloud,
            ROLLCALL_KEY_VAULT_URL: `https://Contoso${vaultSuffix}/`,
            ROLLCALL_STORAGE: `https://contoso${blobSuffixes[0]}`,
          }),
        );
        assert.equal(settings.vaultUrl, `https://contoso${vaultSuffix}`);
      }
    });

    it("refuses another cloud's host", () => {
      assertRefused(
        { ROLLCALL_KEY_VAULT_URL: "https://contoso.vault.azure.cn" },
        /under \.vault\.azure\.net/,
      );
    });

    it("takes this machine", () => {
      for (const url of ["https://127.0.0.1:8200", "https://localhost:8200", "https://[::1]:8200"]) {
        assert.equal(readSettings(withSettings({ ROLLCALL_KEY_VAULT_URL: url })).vaultUrl, url);
      }
    });

    it("refuses hosts that only look like the cloud's or like this machine", () => {
      for (const url of [
        "https://127.0.0.1.evil.com",
        "https://localhost.evil.com",
        "https://evil-localhost",
        "https://128.0.0.1",
        "https://user@127.0.0.1@evil.com",
        "https://127.0.0.1@evil.com",
        "https://contoso.vault.azure.net@evil.com",
        "https://contoso.vault.azure.net.evil.com",
        "https://contosovault.azure.net",
        "https://vault.azure.net",
        "https://evil.com#.vault.azure.net",
        "https://evil.com?.vault.azure.net",
        "https://evil.com/.vault.azure.net",
        "https://evil.com\\.vault.azure.net",
      ]) {
        assertRefused({ ROLLCALL_KEY_VAULT_URL: url }, /^must be /);
      }
    });

    it("refuses what is no plain https URL", () => {
      for (const url of [
        "http://contoso.vault.azure.net",
        "contoso.vault.azure.net",
        "https://contoso.vault.azure.net/secrets/graph-secret",
        "https://user:password@contoso.vault.azure.net",
        "https://contoso.vault.azure.net?api-version=7.4",
        "https://contoso.vault.azure.net#top",
        "//contoso.vault.azure.net",
      ]) {
        assertRefused({ ROLLCALL_KEY_VAULT_URL: url }, /^must be the https URL of a Key Vault$/);
      }
    });
  });

  describe("ROLLCALL_SECRET_NAME and ROLLCALL_CERTIFICATE_NAME", () => {
    const either = "ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME";

    it("takes either", () => {
      assert.deepEqual(readSettings(RIGHT).credential, { kind: "certificate", name: "graph-cert" });
      const secret = withSettings({
        ROLLCALL_CERTIFICATE_NAME: undefined,
        ROLLCALL_SECRET_NAME: "graph-secret",
      });
      assert.deepEqual(readSettings(secret).credential, { kind: "secret", name: "graph-secret" });
    });

    it("refuses both", () => {
      const { problems } = errorOf(withSettings({ ROLLCALL_SECRET_NAME: "graph-secret" }));
      assert.deepEqual(
        problems.map(({ name }) => name),
        [either],
      );
    });

    it("refuses neither", () => {
      for (const blank of [undefined, "", " "]) {
        const { problems } = errorOf(withSettings({ ROLLCALL_CERTIFICATE_NAME: blank }));
        assert.deepEqual(
          problems.map(({ name }) => name),
          [either],
        );
      }
    });

    it("refuses a name that Key Vault would not have", () => {
      for (const name of ["graph_cert", "graph/cert", "graph.cert", "../keys", "a".repeat(128)]) {
        assertRefused({ ROLLCALL_CERTIFICATE_NAME: name }, /^must be 1 to 127 letters, digits and hyphens$/);
      }
    });
  });

  describe("ROLLCALL_STORAGE", () => {
    it("takes a blob service under the cloud's suffix, with or without a slash behind it", () => {
      for (const [cloud, { vaultSuffix, blobSuffixes }] of Object.entries(CLOUDS)) {
        const { storage } = readSettings(
          withSettings({
            ROLLCALL_CLOUD: cloud,
            ROLLCALL_KEY_VAULT_URL: `https://contoso${vaultSuffix}`,
            ROLLCALL_STORAGE: `https://contoso${blobSuffixes[0]}/`,
          }),
        );
        assert.deepEqual(storage, { kind: "identity", url: `https://contoso${blobSuffixes[0]}` });
      }
    });

    it("refuses another cloud's host", () => {
      assertRefused(
        { ROLLCALL_STORAGE: "https://contoso.blob.core.chinacloudapi.cn" },
        /under \.blob\.core\.windows\.net/,
      );
    });

    it("takes an account on this machine by its path", () => {
      const { storage } = readSettings(
        withSettings({ ROLLCALL_STORAGE: "https://127.0.0.1:10000/devstoreaccount1/" }),
      );
      assert.deepEqual(storage, { kind: "identity", url: "https://127.0.0.1:10000/devstoreaccount1" });
    });

    it("refuses hosts that only look like the cloud's or like this machine", () => {
      for (const url of [
        "https://127.0.0.1.evil.com",
        "https://localhost.evil.com",
        "https://user@127.0.0.1@evil.com",
        "https://127.0.0.1@evil.com",
        "https://contoso.blob.core.windows.net.evil.com",
        "https://contoso.blob.core.windows.net@evil.com",
        "https://contosocore.windows.net",
        "https://evil.com/contoso.blob.core.windows.net",
      ]) {
        assertRefused({ ROLLCALL_STORAGE: url }, /^must be /);
      }
    });

    it("refuses a path, a query or a SAS", () => {
      for (const url of [
        "https://contoso.blob.core.windows.net/user-snapshots",
        "https://contoso.blob.core.windows.net/?sv=2025-01-05&sig=abc",
        "https://127.0.0.1:10000/devstoreaccount1?sv=2025-01-05&sig=abc",
        "http://contoso.blob.core.windows.net",
        "http://127.0.0.1:10000/devstoreaccount1",
        "contosodata",
      ]) {
        assertRefused({ ROLLCALL_STORAGE: url }, /^must be an https blob service URL/);
      }
    });

    it("takes a connection string for this machine as it is", () => {
      for (const text of ["UseDevelopmentStorage=true", "UseDevelopmentStorage=true;", LOCAL_STORAGE]) {
        const { storage } = readSettings(withSettings({ ROLLCALL_STORAGE: text }));
        assert.deepEqual(storage, { kind: "local", connectionString: text });
      }
    });

    it("refuses a connection string for an account in Azure", () => {
      for (const text of [
        "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=bm90LWEta2V5;EndpointSuffix=core.windows.net",
        "BlobEndpoint=https://contoso.blob.core.windows.net;SharedAccessSignature=sv=2025-01-05&sig=abc",
        "BlobEndpoint=https://127.0.0.1.evil.com/a;AccountName=a;AccountKey=bm90LWEta2V5",
        "BlobEndpoint=https://127.0.0.1@evil.com/a;AccountName=a;AccountKey=bm90LWEta2V5",
        "BlobEndpoint=https://contoso.blob.core.windows.net;BlobEndpoint=http://127.0.0.1/a",
        "AccountName=contoso;AccountKey=bm90LWEta2V5;XBlobEndpoint=http://127.0.0.1/a",
      ]) {
        assertRefused({ ROLLCALL_STORAGE: text }, /^is a connection string for an account in Azure/);
      }
    });

    // The storage SDK reads names with their case, and takes the blanks around them off.
    it("refuses a connection string that the SDK would read as an account in Azure", () => {
      const account = "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=bm90LWEta2V5";
      for (const text of [
        `${account};EndpointSuffix=core.windows.net;blobendpoint=http://127.0.0.1/a`,
        `${account}; BlobEndpoint=https://contoso.blob.core.windows.net;BlobEndpoint=http://127.0.0.1/a`,
      ]) {
        assertRefused({ ROLLCALL_STORAGE: text }, /^is a connection string for an account in Azure/);
      }
    });

    it("refuses a spelling of UseDevelopmentStorage that the SDK would not know", () => {
      const { problems } = errorOf(withSettings({ ROLLCALL_STORAGE: "usedevelopmentstorage=TRUE" }));
      assert.deepEqual(
        problems.map(({ name }) => name),
        ["ROLLCALL_STORAGE"],
      );
    });
  });

  describe("ROLLCALL_CONTAINER", () => {
    it("takes what Azure takes", () => {
      for (const container of ["abc", "user-snapshots", "2026", "a".repeat(63)]) {
        assert.equal(readSettings(withSettings({ ROLLCALL_CONTAINER: container })).container, container);
      }
    });

    it("refuses what Azure refuses", () => {
      for (const container of [
        "ab",
        "a".repeat(64),
        "Users",
        "user--snapshots",
        "-users",
        "users-",
        "$root",
        "a/b",
      ]) {
        assertRefused({ ROLLCALL_CONTAINER: container }, /^must be 3 to 63 lower-case letters/);
      }
    });
  });

  describe("ROLLCALL_SCHEDULE", () => {
    it("takes six fields, also with names, lists, ranges and steps", () => {
      for (const schedule of [
        "0 0 2 * * *",
        "0 */5 * * * *",
        "0 0 2 * * MON-FRI",
        "0 0 2 1,15 JAN,jul *",
        "0 0-30/10 2-4 * * 0,6",
        "0 0 2 29 2 *",
      ]) {
        assert.equal(readSettings(withSettings({ ROLLCALL_SCHEDULE: schedule })).schedule, schedule);
      }
    });

    it("refuses another number of fields, values out of range, nicknames and days that never come", () => {
      for (const schedule of [
        "0 2 * * *",
        "0 0 2 * * * *",
        "60 0 2 * * *",
        "0 0 24 * * *",
        "0 0 2 0 * *",
        "0 0 2 32 * *",
        "0 0 2 * 13 *",
        "0 0 2 * * 8",
        "0 0 2 * * MONDAYS",
        "@daily",
        "24:00:00",
        "0 0 2 30 2 *",
        "0 0 2 ? * *",
        "0 0 2 * * 1#1",
      ]) {
        assertRefused({ ROLLCALL_SCHEDULE: schedule }, /^must be an NCRONTAB expression of six fields$/);
      }
    });

    // NCRONTAB knows no L and no W, and counts Sunday as 0 only (https://github.com/atifaziz/NCrontab).
    it("refuses what other kinds of cron know and the Functions host does not", () => {
      for (const schedule of [
        "0 0 2 L * *",
        "0 0 2 15W * *",
        "0 0 2 LW * *",
        "0 0 2 * * 5L",
        "0 0 2 * * 7",
      ]) {
        assertRefused({ ROLLCALL_SCHEDULE: schedule }, /^must be an NCRONTAB expression of six fields$/);
      }
    });

    // `5/15` is every fifteenth from the fifth on; a name may be written out.
    it("takes what the Functions host knows and other kinds of cron do not", () => {
      for (const schedule of ["0 5/15 * * * *", "0 0 2 * * Monday", "0 0 2 1 january *"]) {
        assert.equal(readSettings(withSettings({ ROLLCALL_SCHEDULE: schedule })).schedule, schedule);
      }
    });
  });

  describe("ROLLCALL_PROPERTIES", () => {
    function propertiesOf(value: string): readonly string[] {
      return readSettings(withSettings({ ROLLCALL_PROPERTIES: value })).properties;
    }

    it("puts id first unless it is named", () => {
      assert.deepEqual(propertiesOf("mail,displayName"), ["id", "mail", "displayName"]);
      assert.deepEqual(propertiesOf("mail,id"), ["mail", "id"]);
      assert.deepEqual(propertiesOf("id"), ["id"]);
    });

    it("keeps the order, and of a repeated name the first", () => {
      assert.deepEqual(propertiesOf("mail , displayName,mail,id,displayName"), ["mail", "displayName", "id"]);
    });

    it("takes the names of extensions", () => {
      const extension = "extension_1234567890abcdef1234567890abcdef_costCentre";
      assert.deepEqual(propertiesOf(extension), ["id", extension]);
    });

    it("refuses what is no list of names", () => {
      for (const value of [
        "id,,mail",
        "id,",
        ",",
        "id;mail",
        "id mail",
        "id,mail&$filter=x",
        "manager/id",
        "1a",
      ]) {
        assertRefused({ ROLLCALL_PROPERTIES: value }, /^must be property names separated by commas$/);
      }
    });

    it("names the properties that no listing returns", () => {
      assertRefused(
        { ROLLCALL_PROPERTIES: "id,skills,mail,aboutMe" },
        /^asks for skills, aboutMe, which Graph returns for a single user only$/,
      );
    });
  });

  describe("ROLLCALL_CLOUD", () => {
    it("takes each cloud's hosts", () => {
      for (const [name, cloud] of Object.entries(CLOUDS)) {
        const settings = readSettings(
          withSettings({
            ROLLCALL_CLOUD: name,
            ROLLCALL_KEY_VAULT_URL: `https://contoso${cloud.vaultSuffix}`,
            ROLLCALL_STORAGE: `https://contoso${cloud.blobSuffixes[0]}`,
          }),
        );
        assert.deepEqual(settings.cloud, cloud);
      }
    });

    it("refuses any other name", () => {
      for (const name of ["germany", "Global", "__proto__", "constructor", "toString"]) {
        assertRefused({ ROLLCALL_CLOUD: name }, /^names no cloud$/);
      }
    });
  });

  describe("ROLLCALL_AUTHORITY_HOST and ROLLCALL_GRAPH_URL", () => {
    it("override one host of the cloud each", () => {
      const { cloud } = readSettings(
        withSettings({
          ROLLCALL_AUTHORITY_HOST: "https://localhost:8443/",
          ROLLCALL_GRAPH_URL: "https://G.example",
        }),
      );
      assert.deepEqual(cloud, {
        ...CLOUDS.global,
        authorityHost: "https://localhost:8443",
        graphUrl: "https://g.example",
      });
    });

    it("are refused when they are no https origin", () => {
      for (const name of ["ROLLCALL_AUTHORITY_HOST", "ROLLCALL_GRAPH_URL"]) {
        for (const value of [
          "http://localhost:8443",
          "login.example",
          "https://login.example/tenant",
          "https://user@login.example",
          "https://login.example?x=1",
          "https://login.example#x",
        ]) {
          assertRefused({ [name]: value }, /^must be an https origin without a path$/);
        }
      }
    });
  });

  describe("ROLLCALL_TIME_BUDGET_MINUTES", () => {
    it("takes more than nothing and up to a day", () => {
      for (const [value, expectedMs] of [
        ["0.01", 600],
        ["25", 1_500_000],
        ["1440", 86_400_000],
      ] as const) {
        assert.equal(
          readSettings(withSettings({ ROLLCALL_TIME_BUDGET_MINUTES: value })).timeBudgetMs,
          expectedMs,
        );
      }
    });

    it("refuses nothing and more than a day", () => {
      for (const value of ["0", "0.0", "1440.01", "9".repeat(400)]) {
        assertRefused(
          { ROLLCALL_TIME_BUDGET_MINUTES: value },
          /^must be more than 0 and at most 1440 minutes$/,
        );
      }
    });

    it("refuses what is no number", () => {
      for (const value of ["-1", "1e2", "25m", "NaN", "Infinity", "1,5", ".5", "0x10"]) {
        assertRefused({ ROLLCALL_TIME_BUDGET_MINUTES: value }, /^must be a number of minutes$/);
      }
    });
  });
});

describe("SettingsError", () => {
  const NAMES = [
    ...Object.keys(RIGHT),
    "ROLLCALL_SECRET_NAME",
    "ROLLCALL_CONTAINER",
    "ROLLCALL_SCHEDULE",
    "ROLLCALL_PROPERTIES",
    "ROLLCALL_CLOUD",
    "ROLLCALL_AUTHORITY_HOST",
    "ROLLCALL_GRAPH_URL",
    "ROLLCALL_TIME_BUDGET_MINUTES",
  ];

  /** Parts that must not be seen, of values that somebody could paste into the wrong line. */
  const SECRETS: readonly { readonly value: string; readonly parts: readonly string[] }[] = [
    {
      value:
        "https://zzaccount.blob.core.windows.net/zzcontainer?sv=2025-01-05&se=2027-01-01&sig=ZzSignature%2Fzz%3D",
      parts: ["zzaccount", "zzcontainer", "2027-01-01", "ZzSignature"],
    },
    {
      value:
        "DefaultEndpointsProtocol=https;AccountName=zzaccount;AccountKey=WnpLZXk+Wno=;EndpointSuffix=zz.example",
      parts: ["zzaccount", "WnpLZXk", "zz.example"],
    },
    { value: "Zz8Q~zzSecretValue_zz.zz-zz", parts: ["Zz8Q", "zzSecret", "zz.zz"] },
    { value: "https://zzuser:zzpassword@zzhost.example/", parts: ["zzuser", "zzpassword", "zzhost"] },
    { value: "eyJ0eXAiOiJKV1Qi.eyJzenoiOiJ6.zzsignature", parts: ["eyJ0eXAi", "eyJzenoi", "zzsignature"] },
    {
      value: "-----BEGIN PRIVATE KEY-----\nMIIEzzkeyzz\n-----END PRIVATE KEY-----",
      parts: ["BEGIN", "MIIEzz", "END"],
    },
  ];

  /** Everything that could reach a log. */
  function seen(error: SettingsError): string {
    const options = { depth: Number.POSITIVE_INFINITY, showHidden: true };
    return [error.message, String(error.stack), JSON.stringify(error), inspect(error, options)].join("\n");
  }

  for (const { value, parts } of SECRETS) {
    it(`shows no part of ${value.slice(0, 12)}… in whichever settings it was put`, () => {
      const everywhere = Object.fromEntries(NAMES.map((name) => [name, value]));
      const alone = NAMES.map((name) => withSettings({ [name]: value }));
      for (const environment of [everywhere, ...alone]) {
        for (const read of [readSettings, readReaderSettings]) {
          let error: unknown;
          try {
            read(environment);
          } catch (thrown) {
            error = thrown;
          }
          if (error === undefined) continue;
          assert.ok(error instanceof SettingsError);
          const text = seen(error);
          for (const part of parts) assert.ok(!text.includes(part), `${part} is seen`);
        }
      }
      assert.ok(errorOf(everywhere).problems.length >= NAMES.length - 2);
    });
  }

  it("gives the problems with their names and examples, and says where to correct them", () => {
    const error = errorOf(withSettings({ ROLLCALL_CLIENT_ID: "x" }));
    assert.deepEqual(error.problems, [
      {
        name: "ROLLCALL_CLIENT_ID",
        problem: "must be an application (client) id",
        example: "6731de76-14a6-49ae-97bc-6eba6914391e",
      },
    ]);
    assert.match(error.remedy, /app settings.*local\.settings\.json/);
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
    for (const url of ["https://localhost.evil.com", "https://contoso.blob.core.usgovcloudapi.net"]) {
      const { problems } = errorOf({ ...RIGHT, ROLLCALL_STORAGE: url }, readReaderSettings);
      assert.deepEqual(
        problems.map(({ name }) => name),
        ["ROLLCALL_STORAGE"],
      );
    }
  });
});

describe("isLoopback", () => {
  it("knows this machine by its names and addresses", () => {
    for (const url of [
      "https://localhost",
      "http://127.0.0.1:10000/x",
      "https://127.9.9.9",
      "https://[::1]:1",
    ]) {
      assert.equal(isLoopback(url), true, url);
    }
  });

  it("knows everything else as another machine", () => {
    for (const url of [
      "https://127.0.0.1.evil.com",
      "https://localhost.evil.com",
      "https://notlocalhost",
      "https://user@127.0.0.1@evil.com",
      "https://128.0.0.1",
      "https://10.0.0.1",
      "https://[::2]",
      "https://[fe80::1]",
      "https://contoso.vault.azure.net",
    ]) {
      assert.equal(isLoopback(url), false, url);
    }
  });
});
