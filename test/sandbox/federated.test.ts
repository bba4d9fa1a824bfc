import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { FederatedCredential } from "../../src/sandbox/entra/app-registration.ts";
import { createTokenSigner } from "../../src/sandbox/entra/token.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { get, identityToken, openTenant, post, secretForm, tokenEndpoint, usersUrl } from "./caller.ts";

const AUDIENCE = "api://AzureADTokenExchange";
const EXCHANGE_APP_ID = "fb60f99c-7a34-4190-8149-302f77469936";

function issuerOf(tenant: Tenant): string {
  return `${tenant.entra.origin}/${tenant.tenantId}/v2.0`;
}

/** Has the app trust the identity, but for what is changed. */
function trust(tenant: Tenant, changes: Partial<FederatedCredential> = {}): void {
  const { principalId } = tenant.identity;
  tenant.app.federatedCredentials.splice(0);
  tenant.app.federatedCredentials.push({
    issuer: issuerOf(tenant),
    subject: principalId,
    audience: AUDIENCE,
    ...changes,
  });
}

async function present(tenant: Tenant, assertion: string) {
  const { client_secret: _, ...form } = secretForm(tenant);
  return await post(tokenEndpoint(tenant), {
    ...form,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
}

async function assertRefused(tenant: Tenant, assertion: string, number: number): Promise<void> {
  const { status, json } = await present(tenant, assertion);
  assert.deepEqual([status, json.error, json.error_codes], [401, "invalid_client", [number]]);
  assert.ok(json.error_description.startsWith(`AADSTS${number}: `));
}

function claimsIn(token: string) {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

describe("the managed identity's assertion", () => {
  it("is a version 2 token of the tenant about the identity's object id, for token exchange", async () => {
    await using tenant = await openTenant();
    const claims = claimsIn(await identityToken(tenant, AUDIENCE));
    assert.equal(claims.iss, issuerOf(tenant));
    assert.equal(claims.sub, tenant.identity.principalId);
    assert.equal(claims.aud, EXCHANGE_APP_ID);
    assert.equal(claims.ver, "2.0");
  });

  it("is taken in place of a secret once the app trusts the identity, in each cloud's audience", async () => {
    await using tenant = await openTenant();
    for (const audience of [AUDIENCE, `${AUDIENCE}USGov`, `${AUDIENCE}China`]) {
      trust(tenant, { audience });
      const { status, json } = await present(tenant, await identityToken(tenant, audience));
      assert.equal(status, 200, audience);
      assert.equal(claimsIn(json.access_token).appid, tenant.clientId);
      assert.deepEqual(claimsIn(json.access_token).roles, ["User.Read.All"]);
    }
  });

  it("is refused with Entra's number for what does not match", async () => {
    await using tenant = await openTenant();
    const assertion = await identityToken(tenant, AUDIENCE);
    await assertRefused(tenant, assertion, 70025);
    const { principalId } = tenant.identity;
    const cases: readonly (readonly [Partial<FederatedCredential>, number])[] = [
      [{ issuer: `${tenant.entra.origin}/${randomUUID()}/v2.0` }, 700211],
      [{ issuer: `${issuerOf(tenant)}/` }, 700211],
      [{ subject: randomUUID() }, 700213],
      [{ subject: tenant.identity.clientId }, 700213],
      [{ subject: principalId.toUpperCase() }, 7002138],
      [{ audience: "api://rollcall" }, 700212],
    ];
    for (const [changes, number] of cases) {
      trust(tenant, changes);
      await assertRefused(tenant, assertion, number);
    }
  });

  it("is refused when it has expired, is signed with another key, or was changed", async () => {
    await using tenant = await openTenant({ identityTokenLifetimeSeconds: -60 });
    trust(tenant);
    await assertRefused(tenant, await identityToken(tenant, AUDIENCE), 700024);
    const stranger = await createTokenSigner(tenant.tenantId);
    const { principalId: sub, clientId: appId } = tenant.identity;
    const claims = { iss: issuerOf(tenant), sub, aud: EXCHANGE_APP_ID, appId, lifetimeSeconds: 600 };
    await assertRefused(tenant, stranger.issueAssertion(claims), 7000272);
    const [head, body] = (await identityToken(tenant, AUDIENCE)).split(".");
    await assertRefused(tenant, `${head}.${body}.${"A".repeat(342)}`, 50013);
  });
});

describe("the managed identity's token for Graph", () => {
  it("lists users once the app role is granted to the identity, and is refused before", async () => {
    await using tenant = await openTenant();
    for (const resource of ["https://graph.microsoft.com", tenant.graph.origin]) {
      tenant.identity.roles.clear();
      const before = await get(usersUrl(tenant), await identityToken(tenant, resource));
      assert.deepEqual([before.status, before.json.error.code], [403, "Authorization_RequestDenied"]);
      tenant.identity.roles.add("User.Read.All");
      assert.equal((await get(usersUrl(tenant), await identityToken(tenant, resource))).status, 200);
    }
  });
});
