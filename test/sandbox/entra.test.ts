import assert from "node:assert/strict";
import { constants, createHash, randomUUID, sign, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { type IssuedCertificate, issueCertificate } from "../../src/sandbox/service/certificate.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { get, openTenant, post, secretForm, tokenEndpoint } from "./caller.ts";

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function makeAssertion(
  tenant: Tenant,
  certificate: IssuedCertificate,
  changes: { head?: Record<string, unknown>; claims?: Record<string, unknown>; alg?: "PS256" | "RS256" } = {},
): string {
  const now = Math.floor(Date.now() / 1000);
  const alg = changes.alg ?? "PS256";
  const der = new X509Certificate(certificate.certificatePem).raw;
  const thumbprint = { "x5t#S256": createHash("sha256").update(der).digest("base64url") };
  const claims = {
    aud: tokenEndpoint(tenant),
    iss: tenant.clientId,
    sub: tenant.clientId,
    jti: randomUUID(),
    nbf: now,
    iat: now,
    exp: now + 600,
  };
  const signed = `${part({ alg, typ: "JWT", ...thumbprint, ...changes.head })}.${part({ ...claims, ...changes.claims })}`;
  const key =
    alg === "PS256"
      ? { key: certificate.privateKeyPem, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
      : certificate.privateKeyPem;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

async function presentAssertion(tenant: Tenant, assertion: string, name?: string) {
  const { client_secret: _, ...form } = secretForm(tenant);
  return await post(tokenEndpoint(tenant, name), {
    ...form,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
}

describe("openid-configuration", () => {
  it("names endpoints by the directory id even where a domain was asked for", async () => {
    await using tenant = await openTenant();
    const answer = await get(`${tenant.entra.origin}/${tenant.domain}/v2.0/.well-known/openid-configuration`);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.token_endpoint, tokenEndpoint(tenant));
    assert.equal(answer.json.issuer, `${tenant.entra.origin}/${tenant.tenantId}/v2.0`);
  });

  it("knows no other tenant", async () => {
    await using tenant = await openTenant();
    const answer = await get(`${tenant.entra.origin}/${randomUUID()}/v2.0/.well-known/openid-configuration`);
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error, "invalid_tenant");
    assert.match(answer.json.error_description, /^AADSTS90002: /);
  });
});

describe("token endpoint", () => {
  it("gives a token with the consented roles, and one without any claim of roles when nothing is consented", async () => {
    await using tenant = await openTenant({ tokenLifetimeSeconds: 1800 });
    const claimsOf = async () => {
      const { json, status } = await post(tokenEndpoint(tenant), secretForm(tenant));
      assert.deepEqual([status, json.token_type, json.expires_in], [200, "Bearer", 1800]);
      return JSON.parse(Buffer.from(json.access_token.split(".")[1], "base64url").toString());
    };
    const claims = await claimsOf();
    assert.deepEqual(claims.roles, ["User.Read.All"]);
    assert.equal(claims.aud, "https://graph.microsoft.com");
    assert.equal(claims.iss, `https://sts.windows.net/${tenant.tenantId}/`);
    assert.equal(claims.appid, tenant.clientId);
    tenant.app.roles.clear();
    assert.equal("roles" in (await claimsOf()), false);
  });

  it("refuses with Entra's status, error and number", async () => {
    await using tenant = await openTenant();
    const expired = tenant.app.addSecret({ expiresOn: new Date(Date.now() - 1000) }).value;
    const revoked = tenant.app.addSecret().value;
    tenant.app.revokeSecret(revoked);
    const cases: [Record<string, string>, number, string, number][] = [
      [{ client_secret: "wrong" }, 401, "invalid_client", 7000215],
      [{ client_secret: revoked }, 401, "invalid_client", 7000215],
      [{ client_secret: expired }, 401, "invalid_client", 7000222],
      [{ client_id: randomUUID() }, 400, "unauthorized_client", 700016],
      [{ scope: "https://graph.microsoft.com/User.Read.All" }, 400, "invalid_scope", 1002012],
      [{ scope: "https://graph.microsoft.us/.default" }, 400, "invalid_resource", 500011],
      [{ scope: "https://graph.microsoft.com/.default offline_access" }, 400, "invalid_scope", 70011],
      [{ scope: "" }, 400, "invalid_request", 90014],
      [{ grant_type: "password" }, 400, "unsupported_grant_type", 70003],
    ];
    for (const [changes, status, error, number] of cases) {
      const answer = await post(tokenEndpoint(tenant), secretForm(tenant, changes));
      assert.deepEqual(
        [answer.status, answer.json.error, answer.json.error_codes],
        [status, error, [number]],
      );
      assert.ok(answer.json.error_description.startsWith(`AADSTS${number}: `));
    }
  });

  it("refuses a form without a field, and a tenant that it does not know", async () => {
    await using tenant = await openTenant();
    for (const field of ["client_id", "scope", "grant_type"]) {
      const { [field]: _, ...form } = secretForm(tenant);
      assert.deepEqual((await post(tokenEndpoint(tenant), form)).json.error_codes, [900144]);
    }
    assert.deepEqual(
      (await post(tokenEndpoint(tenant, "other.example"), secretForm(tenant))).json.error_codes,
      [90002],
    );
    assert.deepEqual(
      (await post(tokenEndpoint(tenant, "common"), secretForm(tenant))).json.error_codes,
      [9001023],
    );
  });

  it("takes assertions signed by a registered certificate, in both forms of the endpoint", async () => {
    await using tenant = await openTenant();
    const certificate = await issueCertificate({ commonName: "app", days: 30 });
    tenant.app.addCertificate(certificate.pem);
    const sha1 = Buffer.from(certificate.thumbprints.sha1, "hex").toString("base64url");
    const domainForm = { aud: tokenEndpoint(tenant, tenant.domain) };
    assert.equal((await presentAssertion(tenant, makeAssertion(tenant, certificate))).status, 200);
    const legacy = { "x5t#S256": undefined, x5t: sha1 };
    assert.equal(
      (await presentAssertion(tenant, makeAssertion(tenant, certificate, { alg: "RS256", head: legacy })))
        .status,
      200,
    );
    const byDomain = makeAssertion(tenant, certificate, { claims: domainForm });
    assert.equal((await presentAssertion(tenant, byDomain, tenant.domain)).status, 200);
  });

  it("refuses every assertion that proves nothing", async () => {
    await using tenant = await openTenant();
    const [registered, stranger, expired] = await Promise.all([
      issueCertificate({ commonName: "app", days: 30 }),
      issueCertificate({ commonName: "stranger", days: 30 }),
      issueCertificate({ commonName: "old", days: 30, notBefore: new Date("2020-01-01") }),
    ]);
    tenant.app.addCertificate(registered.pem);
    tenant.app.addCertificate(expired.pem);
    const now = Math.floor(Date.now() / 1000);
    const thumbprint = Buffer.from(registered.thumbprints.sha256, "hex").toString("base64url");
    const cases: [string, number, RegExp][] = [
      [makeAssertion(tenant, stranger), 700027, /The key was not found/],
      [makeAssertion(tenant, stranger, { head: { "x5t#S256": thumbprint } }), 700027, /signature/],
      [makeAssertion(tenant, expired), 700027, /The key used is expired/],
      [
        makeAssertion(tenant, registered, { claims: { aud: "https://elsewhere.example/token" } }),
        50027,
        /aud/,
      ],
      [makeAssertion(tenant, registered, { claims: { sub: randomUUID() } }), 50027, /sub/],
      [
        makeAssertion(tenant, registered, { claims: { nbf: now - 900, exp: now - 300 } }),
        500133,
        /time range/,
      ],
      [
        makeAssertion(tenant, registered, { claims: { nbf: now + 300, exp: now + 900 } }),
        500133,
        /time range/,
      ],
      [makeAssertion(tenant, registered, { claims: { exp: now + 24 * 60 * 60 } }), 500133, /time range/],
      [makeAssertion(tenant, registered, { head: { alg: "none" } }), 50027, /alg/],
      ["no-token", 50027, /no JWT/],
    ];
    for (const [assertion, number, reason] of cases) {
      const answer = await presentAssertion(tenant, assertion);
      assert.deepEqual(
        [answer.status, answer.json.error, answer.json.error_codes],
        [401, "invalid_client", [number]],
      );
      assert.match(answer.json.error_description, reason);
    }
    tenant.app.revokeCertificate(registered.pem);
    const revoked = await presentAssertion(tenant, makeAssertion(tenant, registered));
    assert.deepEqual(revoked.json.error_codes, [700027]);
  });
});
