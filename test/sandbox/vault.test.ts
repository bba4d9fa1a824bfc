import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { appToken, get, identityToken, openTenant } from "./caller.ts";

const resource = "https://vault.azure.net";
const version = "api-version=7.4";

describe("identity endpoint", () => {
  it("gives tokens for vault and storage to whoever has the header", async () => {
    await using tenant = await openTenant();
    const { endpoint, header, clientId } = tenant.identity;
    const url = `${endpoint}?api-version=2019-08-01&resource=${resource}&client_id=${clientId}`;
    const answer = await get(url, undefined, { "X-IDENTITY-HEADER": header });
    assert.equal(answer.status, 200);
    assert.equal(typeof answer.json.expires_on, "string");
    assert.equal(answer.json.client_id, clientId);
    assert.equal((await get(url)).status, 401);
    assert.equal((await get(url, undefined, { "X-IDENTITY-HEADER": "guess" })).status, 401);
  });

  it("answers for an unknown identity as the platform does, with capitals", async () => {
    await using tenant = await openTenant();
    const { endpoint, header } = tenant.identity;
    const url = `${endpoint}?api-version=2019-08-01&resource=${resource}&client_id=${randomUUID()}`;
    const answer = await get(url, undefined, { "X-IDENTITY-HEADER": header });
    assert.equal(answer.status, 400);
    assert.equal(answer.json.StatusCode, 400);
    assert.equal(
      answer.json.Message,
      "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
    );
  });

  it("is one for all tenants of a process; the client id finds the tenant, and without one the last answers", async () => {
    await using first = await openTenant();
    await using last = await openTenant();
    assert.equal(first.identity.endpoint, last.identity.endpoint);
    assert.equal(first.identity.header, last.identity.header);
    const url = `${first.identity.endpoint}?api-version=2019-08-01&resource=${resource}`;
    const header = { "X-IDENTITY-HEADER": first.identity.header };
    for (const { identity } of [first, last]) {
      const answer = await get(`${url}&client_id=${identity.clientId}`, undefined, header);
      assert.equal(answer.json.client_id, identity.clientId);
    }
    assert.equal((await get(url, undefined, header)).json.client_id, last.identity.clientId);
  });

  it("gives a token for Graph that may do nothing, unless the identity was granted a role", async () => {
    await using tenant = await openTenant();
    for (const graph of ["https://graph.microsoft.com", tenant.graph.origin]) {
      const [, payload = ""] = (await identityToken(tenant, graph)).split(".");
      assert.equal(JSON.parse(Buffer.from(payload, "base64url").toString()).roles, undefined);
    }
  });
});

describe("Key Vault", () => {
  it("challenges before it looks at anything else", async () => {
    await using tenant = await openTenant();
    const answer = await get(`${tenant.vault.origin}/secrets/anything/?api%2Dversion=7.4`);
    assert.equal(answer.status, 401);
    const challenge = `Bearer authorization="${tenant.entra.origin}/${tenant.tenantId}", resource="${resource}"`;
    assert.equal(answer.headers["www-authenticate"], challenge);
    assert.match(answer.json.error.message, /^AKV10000/);
  });

  it("takes a trailing slash and an escaped query name, and wants an api-version", async () => {
    await using tenant = await openTenant();
    const token = await identityToken(tenant, resource);
    const name = tenant.vault.set("key", "value", {
      contentType: "text/plain",
      expiresOn: new Date("2020-01-01"),
    });
    const answer = await get(`${tenant.vault.origin}/secrets/key/?api%2Dversion=7.4`, token);
    assert.equal(answer.status, 200);
    assert.equal(answer.json.value, "value");
    assert.equal(answer.json.id, `${tenant.vault.origin}/secrets/key/${name}`);
    assert.equal(answer.json.attributes.exp, 1577836800, "an expired secret is still served");
    assert.equal((await get(`${tenant.vault.origin}/secrets/key`, token)).status, 400);
  });

  it("refuses tokens that are not for it, and identities without the role", async () => {
    await using tenant = await openTenant({ identityTokenLifetimeSeconds: -5 });
    tenant.vault.set("key", "value");
    const url = `${tenant.vault.origin}/secrets/key?${version}`;
    const wrongAudience = await get(url, await identityToken(tenant, "https://storage.azure.com"));
    assert.equal(wrongAudience.status, 401);
    const expired = await get(url, await identityToken(tenant, resource));
    assert.deepEqual([expired.status, expired.json.error.message], [401, "AKV10002: Token is expired."]);
    const graph = await get(url, await appToken(tenant));
    assert.deepEqual([graph.status, graph.json.error.message.slice(0, 8)], [401, "AKV10022"]);
    const app = await get(url, await appToken(tenant, `${resource}/.default`));
    assert.deepEqual([app.status, app.json.error.innererror.code], [403, "ForbiddenByRbac"]);
  });

  it("says why a secret cannot be had", async () => {
    await using tenant = await openTenant();
    const token = await identityToken(tenant, resource);
    const url = `${tenant.vault.origin}/secrets/key`;
    assert.equal((await get(`${url}?${version}`, token)).json.error.code, "SecretNotFound");
    const first = tenant.vault.set("key", "one");
    const second = tenant.vault.set("key", "two");
    assert.equal((await get(`${url}?${version}`, token)).json.value, "two", "the newest version");
    tenant.vault.update("key", second, { enabled: false });
    const disabled = await get(`${url}?${version}`, token);
    assert.deepEqual([disabled.status, disabled.json.error.innererror.code], [403, "SecretDisabled"]);
    assert.equal((await get(`${url}/${first}?${version}`, token)).json.value, "one");
    assert.equal((await get(`${url}/${randomUUID().replaceAll("-", "")}?${version}`, token)).status, 404);
    tenant.vault.roleAssigned = false;
    const denied = await get(`${url}/${first}?${version}`, token);
    assert.deepEqual([denied.status, denied.json.error.innererror.code], [403, "ForbiddenByRbac"]);
  });

  it("lists all versions page by page, without values", async () => {
    await using tenant = await openTenant();
    const token = await identityToken(tenant, resource);
    const made = Array.from({ length: 7 }, (_, at) => tenant.vault.set("key", `value ${at}`));
    const seen: string[] = [];
    let url: string | null = `${tenant.vault.origin}/secrets/key/versions?${version}&maxresults=3`;
    while (url !== null) {
      const page: Awaited<ReturnType<typeof get>> = await get(url, token);
      assert.ok(page.json.value.length <= 3);
      for (const item of page.json.value) {
        assert.equal("value" in item, false);
        seen.push(item.id.split("/").at(-1));
      }
      url = page.json.nextLink;
    }
    assert.deepEqual(seen.toSorted(), made.toSorted());
  });
});
