import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { openSigningKey } from "../../src/signature/signing-key.ts";
import { vaultPublicKeys } from "../../src/signature/vault-public-keys.ts";
import { type SignedManifest, verifySignature } from "../../src/signature/verify-signature.ts";
import { openTenant } from "../sandbox/caller.ts";
import { type LocalServer, startLocalServer } from "../support/local-server.ts";
import { encode, localSigner } from "../support/local-signer.ts";
import { identityOf, runContext } from "../support/vault-caller.ts";

const NAME = "manifest-key";
const manifest = Buffer.from('{"schema":"rollcall.snapshot/2"}\n');

let tenant: Tenant;
beforeEach(async () => {
  tenant = await openTenant();
});
afterEach(() => tenant[Symbol.asyncDispose]());

/** A manifest signed by the newest version of the key. */
async function signed(bytes = manifest): Promise<SignedManifest> {
  const key = await openSigningKey(tenant.vault.origin, NAME, identityOf(tenant), runContext());
  return { manifest: bytes, entry: key.entry, jws: Buffer.from(await key.sign(bytes)) };
}

function check(subject: SignedManifest) {
  const keys = vaultPublicKeys(tenant.vault.origin, NAME, identityOf(tenant), runContext());
  return verifySignature(subject, keys);
}

/** A manifest signed by somebody's own key under any kid. */
function forged(kid: string): SignedManifest {
  const entry = { alg: "ES256", kid } as const;
  return { manifest, entry, jws: Buffer.from(localSigner().jws(entry, manifest)) };
}

describe("the public keys of a vault", () => {
  for (const kind of [
    { kty: "EC", curve: "P-256" },
    { kty: "RSA", bits: 3072 },
  ] as const) {
    it(`check what an ${kind.kty} key of it signed`, async () => {
      tenant.vault.keys.create(NAME, kind);
      const subject = await signed();
      assert.deepEqual(await check(subject), { state: "valid", ...subject.entry });
      const changed = Buffer.from(manifest);
      changed[5] = (changed[5] ?? 0) ^ 1;
      assert.equal((await check({ ...subject, manifest: changed })).state, "invalid");
    });
  }

  it("check old manifests after the key was rotated, also once its old version is disabled or expired", async () => {
    const first = tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const old = await signed();
    tenant.vault.keys.rotate(NAME);
    const young = await signed();
    assert.notEqual(old.entry?.kid, young.entry?.kid);
    for (const attributes of [{}, { enabled: false }, { enabled: true, expiresOn: new Date(0) }]) {
      tenant.vault.keys.update(NAME, first, attributes);
      for (const subject of [old, young]) assert.equal((await check(subject)).state, "valid");
    }
  });

  it("are not those of another version", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const { jws } = await signed();
    tenant.vault.keys.rotate(NAME);
    const { entry } = await signed();
    assert.ok(jws && entry?.alg && entry.kid);
    const [, signature] = jws.toString().split("..");
    const swapped = Buffer.from(`${encode(JSON.stringify(entry))}..${signature}`);
    assert.deepEqual(await check({ manifest, entry, jws: swapped }), {
      state: "invalid",
      why: "the signature does not fit the manifest's bytes and the key",
    });
  });

  it("are not looked for by another spelling of a version", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const asked = tenant.requests.length;
    const found = await check(forged(`${tenant.vault.origin}/keys/${NAME}/${"AB".repeat(16)}`));
    assert.equal(found.state, "invalid");
    assert.equal(tenant.requests.length, asked);
  });

  it("are never looked for in another vault, nor as another key of this one", async () => {
    await using elsewhere: LocalServer = await startLocalServer(() => assert.fail("it was asked"));
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const theirs = tenant.vault.keys.create("their-key", { kty: "EC", curve: "P-256" });
    const version = "0".repeat(32);
    const asked = tenant.requests.length;
    for (const kid of [
      `https://attacker-vault.vault.azure.net/keys/${NAME}/${version}`,
      `https://127.0.0.1:${new URL(elsewhere.url).port}/keys/${NAME}/${version}`,
      `https://localhost:${new URL(tenant.vault.origin).port}/keys/${NAME}/${version}`,
      `${tenant.vault.origin}/keys/their-key/${theirs}`,
    ]) {
      const finding = await check(forged(kid));
      assert.deepEqual(finding, {
        state: "invalid",
        why: `its kid names another key than ${NAME} in ${tenant.vault.origin}; it was not asked for`,
      });
    }
    assert.equal(tenant.requests.length, asked);
  });

  it("hold no version that somebody made up", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const kid = `${tenant.vault.origin}/keys/${NAME}/${"0".repeat(32)}`;
    assert.deepEqual(await check(forged(kid)), {
      state: "invalid",
      why: "the vault knows no such version of the key",
    });
  });

  it("cannot be had without a role, which is an error and no finding", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const subject = await signed();
    tenant.vault.keys.roleAssigned = false;
    await assert.rejects(check(subject), {
      code: "verification-key-unusable",
      problem: "the vault refused the identity",
      remedy: /Key Vault Crypto User/,
    });
    tenant.vault.keys.roleAssigned = true;
    using _ = tenant.script({
      service: "vault",
      fault: { kind: "error", status: 500 },
      times: Number.POSITIVE_INFINITY,
    });
    await assert.rejects(check(subject), { code: "verification-key-unusable", problem: /refused with 500/ });
  });
});
