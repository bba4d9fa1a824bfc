import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import type { KeyVaultSecret } from "@azure/keyvault-secrets";
import { RollcallError } from "../../src/error.ts";
import { Credential, credentialVersions, type SkippedVersion } from "../../src/identity/credential.ts";
import type { Vault, VersionProperties } from "../../src/identity/vault.ts";
import { pemFixture, pfxFixture } from "../support/fixture.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 2);
const PAST = new Date("2026-11-01T00:00:00Z");
const FUTURE = new Date("2027-06-30T12:00:00Z");

const SECRET = { kind: "secret", name: "graph-secret" } as const;
const CERTIFICATE = { kind: "certificate", name: "graph-cert" } as const;

/** One version as a test describes it; the first of a list is the newest. */
interface Version extends Partial<VersionProperties> {
  readonly version: string;
  readonly value?: string;
}

/** A vault of a few versions that remembers what it was asked. */
class FixedVault implements Vault {
  readonly subject = "secret graph-secret in https://contoso-vault.vault.azure.net";
  readonly asked: string[] = [];
  readonly #versions: readonly Version[];

  constructor(versions: readonly Version[]) {
    this.#versions = versions;
  }

  async get(wanted?: string): Promise<KeyVaultSecret | "disabled"> {
    this.asked.push(wanted === undefined ? "get" : `get ${wanted}`);
    const found =
      wanted === undefined ? this.#versions[0] : this.#versions.find((at) => at.version === wanted);
    assert.ok(found, `version ${wanted} was asked for`);
    if (found.enabled === false) return "disabled";
    const { value, ...properties } = found;
    return {
      name: "graph-secret",
      properties: propertiesOf(properties),
      ...(value !== undefined && { value }),
    };
  }

  async versions(): Promise<readonly VersionProperties[]> {
    this.asked.push("list");
    return this.#versions.map(({ value: _, ...properties }) => propertiesOf(properties));
  }
}

function propertiesOf(properties: Omit<Version, "value">): VersionProperties {
  return { vaultUrl: "https://contoso-vault.vault.azure.net", name: "graph-secret", ...properties };
}

async function allOf(
  vault: Vault,
  object: typeof SECRET | typeof CERTIFICATE = SECRET,
): Promise<(Credential | SkippedVersion)[]> {
  return Array.fromAsync(credentialVersions(vault, object, () => NOW_MS));
}

async function proofsOf(vault: Vault): Promise<unknown[]> {
  return (await allOf(vault)).map((found) => (found instanceof Credential ? found.proof() : found));
}

describe("credentialVersions", () => {
  it("gives the newest version first, then the older ones in the vault's order", async () => {
    const vault = new FixedVault([
      { version: "v3", value: "third" },
      { version: "v2", value: "second" },
      { version: "v1", value: "first" },
    ]);
    assert.deepEqual(await proofsOf(vault), [
      { clientSecret: "third" },
      { clientSecret: "second" },
      { clientSecret: "first" },
    ]);
    assert.deepEqual(vault.asked, ["get", "list", "get v2", "get v1"]);
  });

  it("lists no older versions while the newest does", async () => {
    const vault = new FixedVault([
      { version: "v2", value: "second" },
      { version: "v1", value: "first" },
    ]);
    for await (const found of credentialVersions(vault, SECRET, () => NOW_MS)) {
      assert.ok(found instanceof Credential);
      break;
    }
    assert.deepEqual(vault.asked, ["get"]);
  });

  it("reads an older version only when it is asked for", async () => {
    const vault = new FixedVault([
      { version: "v3", value: "third" },
      { version: "v2", value: "second" },
      { version: "v1", value: "first" },
    ]);
    let seen = 0;
    for await (const _ of credentialVersions(vault, SECRET, () => NOW_MS)) if (++seen === 2) break;
    assert.deepEqual(vault.asked, ["get", "list", "get v2"]);
  });

  it("gives kind, name, version and the expiry that the vault keeps", async () => {
    const [found] = await allOf(new FixedVault([{ version: "v1", value: "first", expiresOn: FUTURE }]));
    assert.ok(found instanceof Credential);
    assert.deepEqual(found.toJSON(), {
      kind: "secret",
      name: "graph-secret",
      version: "v1",
      expiresOn: FUTURE,
    });
  });

  it("knows no expiry of a secret for which the vault keeps none", async () => {
    const [found] = await allOf(new FixedVault([{ version: "v1", value: "first" }]));
    assert.ok(found instanceof Credential);
    assert.equal(found.expiresOn, undefined);
  });

  it("skips versions that are disabled, expired or not valid yet, and says so", async () => {
    const vault = new FixedVault([
      { version: "v4", value: "fourth", notBefore: FUTURE },
      { version: "v3", value: "third", expiresOn: PAST },
      { version: "v2", value: "second", enabled: false },
      { version: "v1", value: "first", notBefore: PAST, expiresOn: FUTURE },
    ]);
    assert.deepEqual(await proofsOf(vault), [
      { version: "v4", skipped: "not valid before 2027-06-30" },
      { version: "v3", skipped: "expired on 2026-11-01" },
      { version: "v2", skipped: "disabled" },
      { clientSecret: "first" },
    ]);
  });

  it("does not read the value of a version that its listing rules out", async () => {
    const vault = new FixedVault([
      { version: "v4", value: "fourth", expiresOn: PAST },
      { version: "v3", value: "third", expiresOn: PAST },
      { version: "v2", value: "second", enabled: false },
      { version: "v1", value: "first", notBefore: FUTURE },
    ]);
    await allOf(vault);
    assert.deepEqual(vault.asked, ["get", "list"]);
  });

  it("names a disabled newest version once, with its version", async () => {
    const vault = new FixedVault([
      { version: "v2", value: "second", enabled: false },
      { version: "v1", value: "first" },
    ]);
    assert.deepEqual(await proofsOf(vault), [
      { version: "v2", skipped: "disabled" },
      { clientSecret: "first" },
    ]);
  });

  it("skips a version that was disabled after it was listed", async () => {
    const vault = new FixedVault([
      { version: "v2", value: "second", expiresOn: PAST },
      { version: "v1", value: "first" },
    ]);
    const get = vault.get.bind(vault);
    vault.get = async (wanted) => (wanted === "v1" ? "disabled" : get(wanted));
    assert.deepEqual((await proofsOf(vault))[1], { version: "v1", skipped: "disabled" });
  });

  it("skips a version without a value", async () => {
    const vault = new FixedVault([{ version: "v2", value: "" }, { version: "v1" }]);
    assert.deepEqual(await proofsOf(vault), [
      { version: "v2", skipped: "empty" },
      { version: "v1", skipped: "empty" },
    ]);
  });

  it("takes a version for expired at its very end, and for valid at its very beginning", async () => {
    const now = new Date(NOW_MS);
    const vault = new FixedVault([
      { version: "v2", value: "second", expiresOn: now },
      { version: "v1", value: "first", notBefore: now, expiresOn: new Date(NOW_MS + 1) },
    ]);
    assert.deepEqual(await proofsOf(vault), [
      { version: "v2", skipped: "expired on 2026-11-22" },
      { clientSecret: "first" },
    ]);
  });

  it("passes the vault's errors on", async () => {
    const denied = new RollcallError("vault-denied", {
      doing: "reading",
      problem: "denied",
      remedy: "Allow it.",
    });
    const vault = new FixedVault([{ version: "v1", value: "first", expiresOn: PAST }]);
    vault.versions = () => Promise.reject(denied);
    await assert.rejects(allOf(vault), (error) => error === denied);
  });

  describe("of a certificate", () => {
    it("gives MSAL's parts and the certificate's own end", async () => {
      const vault = new FixedVault([
        {
          version: "v1",
          value: pfxFixture("modern.pfx"),
          contentType: "application/x-pkcs12",
          expiresOn: FUTURE,
        },
      ]);
      const [found] = await allOf(vault, CERTIFICATE);
      assert.ok(found instanceof Credential);
      const proof = found.proof();
      assert.ok("clientCertificate" in proof);
      assert.deepEqual(Object.keys(proof.clientCertificate).sort(), [
        "privateKey",
        "thumbprintSha256",
        "x5c",
      ]);
      assert.equal(found.kind, "certificate");
      assert.equal(found.expiresOn?.toISOString(), "2126-10-29T17:24:19.000Z");
    });

    it("skips one that has ended although the vault keeps no expiry", async () => {
      const vault = new FixedVault([{ version: "v1", value: pfxFixture("modern.pfx") }]);
      const later = Date.parse("2126-10-29T17:24:19.000Z");
      const found = await Array.fromAsync(credentialVersions(vault, CERTIFICATE, () => later));
      assert.deepEqual(found, [{ version: "v1", skipped: "expired on 2126-10-29" }]);
    });

    it("skips a version that is no certificate, without a word of it", async () => {
      const vault = new FixedVault([
        {
          version: "v1",
          value: `Zz8Q~zzSecret${pemFixture("leaf.key")}`,
          contentType: "application/x-pem-file",
        },
      ]);
      const found = await Array.fromAsync(credentialVersions(vault, CERTIFICATE, () => NOW_MS));
      assert.deepEqual(
        found.map((one) => "unreadable" in one && one.unreadable),
        [true],
      );
      const seen = inspect(found, { depth: Number.POSITIVE_INFINITY, showHidden: true });
      assert.ok(!seen.includes("Zz8Q") && !seen.includes("BEGIN"));
    });

    it("skips an older version that is no certificate", async () => {
      const vault = new FixedVault([
        { version: "v3", value: pfxFixture("modern.pfx"), expiresOn: PAST },
        { version: "v2", value: "no certificate" },
        { version: "v1", value: pfxFixture("modern.pfx") },
      ]);
      const found = await allOf(vault, CERTIFICATE);
      assert.deepEqual(
        found.map((at) => (at instanceof Credential ? "usable" : "skipped")),
        ["skipped", "skipped", "usable"],
      );
    });
  });
});

describe("Credential", () => {
  const identity = { ...SECRET, version: "v1", expiresOn: FUTURE };
  const credential = new Credential(identity, { clientSecret: "Zz8Q~zzSecret" });

  it("hands the proof to whoever asks for it", () => {
    assert.deepEqual(credential.proof(), { clientSecret: "Zz8Q~zzSecret" });
  });

  it("shows everything but the proof in JSON", () => {
    assert.deepEqual(JSON.parse(JSON.stringify(credential)), {
      kind: "secret",
      name: "graph-secret",
      version: "v1",
      expiresOn: FUTURE.toISOString(),
    });
  });

  it("does not show the proof in a debugger's print, however it is asked", () => {
    for (const options of [
      {},
      { depth: Number.POSITIVE_INFINITY, showHidden: true },
      { customInspect: false, showHidden: true, showProxy: true, getters: true },
    ]) {
      for (const value of [credential, { credential }, [credential], new Error("x", { cause: credential })]) {
        const seen = inspect(value, options);
        assert.ok(!seen.includes("Zz8Q"), seen);
      }
    }
    assert.match(inspect(credential), /graph-secret/);
  });

  it("does not show the proof when it is spread, copied or joined to text", () => {
    assert.ok(!JSON.stringify({ ...credential }).includes("Zz8Q"));
    assert.ok(!JSON.stringify(structuredClone(credential)).includes("Zz8Q"));
    assert.ok(!`${credential}`.includes("Zz8Q"));
  });
});
