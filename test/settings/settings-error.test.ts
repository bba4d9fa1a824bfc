import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { readReaderSettings, readSettings, SettingsError } from "../../src/settings/settings.ts";
import { errorOf, RIGHT, withSettings } from "./right-settings.ts";

describe("SettingsError", () => {
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

  const NAMES = [
    ...Object.keys(RIGHT),
    "ROLLCALL_CREDENTIAL",
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
