import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLOUDS } from "../../src/settings/clouds.ts";
import { isLoopback, readSettings, type Settings } from "../../src/settings/settings.ts";
import { HOSTILE_HOSTS } from "../support/hostile-hosts.ts";
import { assertRefused, errorOf, withSettings } from "./right-settings.ts";

/** Azurite's well-known account; its key is published by Microsoft and guards nothing. */
const LOCAL_STORAGE =
  "DefaultEndpointsProtocol=https;AccountName=devstoreaccount1;AccountKey=bm90LWEta2V5;" +
  "BlobEndpoint=https://127.0.0.1:10000/devstoreaccount1;";

function vaultOf({ credential }: Settings): string | undefined {
  return "vaultUrl" in credential ? credential.vaultUrl : undefined;
}

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
      assert.equal(vaultOf(settings), `https://contoso${vaultSuffix}`);
    }
  });

  it("refuses another cloud's host", () => {
    assertRefused({ ROLLCALL_KEY_VAULT_URL: "https://contoso.vault.azure.cn" }, /under \.vault\.azure\.net/);
  });

  it("takes this machine", () => {
    for (const url of ["https://127.0.0.1:8200", "https://localhost:8200", "https://[::1]:8200"]) {
      assert.equal(vaultOf(readSettings(withSettings({ ROLLCALL_KEY_VAULT_URL: url }))), url);
    }
  });

  it("refuses hosts that only look like the cloud's or like this machine", () => {
    for (const url of HOSTILE_HOSTS) {
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
    for (const url of HOSTILE_HOSTS) {
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
      ...HOSTILE_HOSTS.map((url) => `BlobEndpoint=${url}/a;AccountName=a;AccountKey=bm90LWEta2V5`),
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
    for (const url of ["https://contoso.vault.azure.net", ...HOSTILE_HOSTS]) {
      assert.equal(isLoopback(url), false, url);
    }
  });
});
