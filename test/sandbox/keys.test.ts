import assert from "node:assert/strict";
import { constants, createHash, createPublicKey, type JsonWebKey, randomUUID, verify } from "node:crypto";
import { describe, it } from "node:test";
import { KeyClient, type KeyVaultKey } from "@azure/keyvault-keys";
import { request } from "undici";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { appToken, get, identityToken, openTenant } from "./caller.ts";

const resource = "https://vault.azure.net";
const version = "api-version=7.4";
const day = 24 * 60 * 60 * 1000;
const message = Buffer.from("what is to be signed");
const digest = createHash("sha256").update(message).digest();

/** The real SDK's client, acting as the managed identity. */
function clientFor(tenant: Tenant): KeyClient {
  const getToken = async () => {
    const token = await identityToken(tenant, resource);
    return { token, expiresOnTimestamp: Date.now() + day };
  };
  return new KeyClient(
    tenant.vault.origin,
    { getToken },
    { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } },
  );
}

/** A raw signing request: status and error codes, or the signature. */
async function sign(tenant: Tenant, path: string, body: string, token?: string) {
  const response = await request(`${tenant.vault.origin}/keys/${path}?${version}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${token ?? (await identityToken(tenant, resource))}`,
    },
    body,
  });
  const json = (await response.body.json()) as {
    readonly value?: string;
    readonly kid?: string;
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly innererror?: { readonly code: string };
    };
  };
  return { status: response.statusCode, json };
}

/** Status, code and inner code of a signing request that is refused. */
async function refusal(tenant: Tenant, path: string, alg = "ES256", value = digest) {
  const body = JSON.stringify({ alg, value: value.toString("base64url") });
  const { status, json } = await sign(tenant, path, body);
  return [status, json.error?.code, json.error?.innererror?.code, json.error?.message] as const;
}

/** The public half of a key as the SDK gives it, for Node. */
function publicKeyOf({ key }: KeyVaultKey) {
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("base64url");
  const { kty, crv, x, y, n, e } = key ?? {};
  const jwk = kty === "EC" ? { kty, crv, x: text(x), y: text(y) } : { kty, n: text(n), e: text(e) };
  return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
}

describe("Key Vault's keys", () => {
  it("sign by ES256, R and S in 64 bytes, through the real SDK", async () => {
    await using tenant = await openTenant();
    tenant.vault.keys.create("manifest-key", { kty: "EC", curve: "P-256" });
    const client = clientFor(tenant);
    const key = await client.getKey("manifest-key");
    assert.deepEqual([key.keyType, key.keyOperations], ["EC", ["sign", "verify"]]);
    const crypto = client.getCryptographyClient("manifest-key");
    for (let times = 0; times < 10; times++) {
      const { result, keyID } = await crypto.sign("ES256", digest);
      assert.equal(keyID, key.id);
      assert.equal(result.length, 64);
      assert.ok(
        verify("sha256", message, { key: publicKeyOf(key), dsaEncoding: "ieee-p1363" }, Buffer.from(result)),
      );
    }
  });

  for (const bits of [2048, 3072] as const) {
    it(`sign by PS256 with RSA of ${bits} bits, through the real SDK`, async () => {
      await using tenant = await openTenant();
      tenant.vault.keys.create("manifest-key", { kty: "RSA", bits });
      const client = clientFor(tenant);
      const key = await client.getKey("manifest-key");
      assert.equal(key.keyType, "RSA");
      const { result } = await client.getCryptographyClient("manifest-key").sign("PS256", digest);
      assert.equal(result.length, bits / 8);
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const options = { key: publicKeyOf(key), padding, saltLength: 32 };
      assert.ok(verify("sha256", message, options, Buffer.from(result)));
    });
  }

  it("never tell the private half", async () => {
    await using tenant = await openTenant();
    const token = await identityToken(tenant, resource);
    for (const [name, kind] of [
      ["ec", { kty: "EC", curve: "P-256" }],
      ["rsa", { kty: "RSA", bits: 2048 }],
    ] as const) {
      tenant.vault.keys.create(name, kind);
      const { key } = (await get(`${tenant.vault.origin}/keys/${name}?${version}`, token)).json;
      for (const secret of ["d", "p", "q", "dp", "dq", "qi"]) assert.equal(secret in key, false);
    }
  });

  it("rotate: the newest version answers without a name, older ones by theirs, and all are listed", async () => {
    await using tenant = await openTenant();
    const first = tenant.vault.keys.create("manifest-key", { kty: "EC", curve: "P-256" });
    const client = clientFor(tenant);
    const before = await client.getKey("manifest-key");
    const second = tenant.vault.keys.rotate("manifest-key");
    const after = await client.getKey("manifest-key");
    assert.deepEqual([before.properties.version, after.properties.version], [first, second]);
    const again = await client.getKey("manifest-key", { version: first });
    assert.deepEqual(again.key?.x, before.key?.x);
    assert.notDeepEqual(after.key?.x, before.key?.x);
    const { result } = await client
      .getCryptographyClient("manifest-key", { keyVersion: first })
      .sign("ES256", digest);
    const options = { key: publicKeyOf(before), dsaEncoding: "ieee-p1363" } as const;
    assert.ok(verify("sha256", message, options, Buffer.from(result)));
    const listed = await Array.fromAsync(client.listPropertiesOfKeyVersions("manifest-key"));
    assert.deepEqual(listed.map((key) => key.version).toSorted(), [first, second].toSorted());
  });

  it("sign without a version's name, too, and say which one it was", async () => {
    await using tenant = await openTenant();
    const made = tenant.vault.keys.create("manifest-key", { kty: "EC", curve: "P-256" });
    const body = JSON.stringify({ alg: "ES256", value: digest.toString("base64url") });
    const { status, json } = await sign(tenant, "manifest-key/sign", body);
    assert.deepEqual([status, json.kid], [200, `${tenant.vault.origin}/keys/manifest-key/${made}`]);
  });

  it("challenge before they look at anything else, and want an api-version", async () => {
    await using tenant = await openTenant();
    const token = await identityToken(tenant, resource);
    const bare = await get(`${tenant.vault.origin}/keys/anything`);
    assert.equal(bare.status, 401);
    assert.match(String(bare.headers["www-authenticate"]), /^Bearer authorization="https:/);
    const { status, json } = await get(`${tenant.vault.origin}/keys/anything`, token);
    assert.deepEqual([status, json.error.message.slice(0, 8)], [400, "AKV10011"]);
  });

  it("refuse an algorithm that does not fit the key", async () => {
    await using tenant = await openTenant();
    const { keys } = tenant.vault;
    keys.create("ec", { kty: "EC", curve: "P-256" });
    keys.create("wide", { kty: "EC", curve: "P-384" });
    keys.create("rsa", { kty: "RSA", bits: 2048 });
    for (const [name, alg, words] of [
      ["ec", "PS256", /is of type 'EC'/],
      ["rsa", "ES256", /is of type 'RSA'/],
      ["wide", "ES256", /uses curve 'P-384', and algorithm 'ES256' can only be used with curve 'P-256'/],
      ["ec", "none", /algorithm 'none'/],
    ] as const) {
      const [status, code, , text] = await refusal(tenant, `${name}/sign`, alg);
      assert.deepEqual([status, code], [400, "BadParameter"]);
      assert.match(text ?? "", words);
    }
  });

  it("refuse a digest of another length, and a body that says neither algorithm nor digest", async () => {
    await using tenant = await openTenant();
    tenant.vault.keys.create("ec", { kty: "EC", curve: "P-256" });
    const [status, code, , words] = await refusal(tenant, "ec/sign", "ES256", Buffer.alloc(44));
    assert.deepEqual([status, code], [400, "BadParameter"]);
    assert.equal(
      words,
      "Invalid length of 'value': 44 bytes. ES256 requires 32 bytes, encoded with base64url.",
    );
    for (const body of ["{}", "[]", "null", "no JSON", '{"alg":1,"value":2}']) {
      const answer = await sign(tenant, "ec/sign", body);
      assert.deepEqual([answer.status, answer.json.error?.code], [400, "BadParameter"]);
    }
  });

  it("refuse to sign while disabled or out of their time, but can be read", async () => {
    await using tenant = await openTenant();
    const { keys } = tenant.vault;
    const made = keys.create("ec", { kty: "EC", curve: "P-256" });
    const wanted = async (inner: string) => {
      const [status, code, detail] = await refusal(tenant, `ec/${made}/sign`);
      assert.deepEqual([status, code, detail], [403, "Forbidden", inner]);
    };
    keys.update("ec", made, { enabled: false });
    await wanted("KeyDisabled");
    assert.equal((await clientFor(tenant).getKey("ec")).properties.enabled, false);
    keys.update("ec", made, { enabled: true, expiresOn: new Date(Date.now() - day) });
    await wanted("KeyExpired");
    keys.update("ec", made, {
      expiresOn: new Date(Date.now() + 2 * day),
      notBefore: new Date(Date.now() + day),
    });
    await wanted("KeyNotYetValid");
    keys.update("ec", made, { notBefore: new Date(Date.now() - day), operations: ["verify"] });
    await wanted("KeyOperationForbidden");
  });

  it("refuse who lacks the role, and what is not there", async () => {
    await using tenant = await openTenant();
    const { keys } = tenant.vault;
    keys.create("ec", { kty: "EC", curve: "P-256" });
    assert.deepEqual((await refusal(tenant, "nothing/sign")).slice(0, 2), [404, "KeyNotFound"]);
    const stranger = `ec/${randomUUID().replaceAll("-", "")}`;
    assert.deepEqual((await refusal(tenant, `${stranger}/sign`)).slice(0, 2), [404, "KeyNotFound"]);
    assert.deepEqual((await refusal(tenant, "ec/a/b/sign")).slice(0, 2), [404, "NotFound"]);
    const app = await appToken(tenant, `${resource}/.default`);
    assert.equal((await sign(tenant, "ec/sign", "{}", app)).json.error?.innererror?.code, "ForbiddenByRbac");
    keys.roleAssigned = false;
    const [status, code, detail, words] = await refusal(tenant, "ec/sign");
    assert.deepEqual([status, code, detail], [403, "Forbidden", "ForbiddenByRbac"]);
    assert.match(words ?? "", /Action: 'Microsoft.KeyVault\/vaults\/keys\/sign\/action'/);
    await assert.rejects(clientFor(tenant).getKey("ec"), { statusCode: 403, code: "Forbidden" });
    assert.equal(tenant.vault.roleAssigned, true, "secrets have a role of their own");
  });
});
