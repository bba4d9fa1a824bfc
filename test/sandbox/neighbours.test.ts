import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { QueueServiceClient } from "@azure/storage-queue";
import { openAzureIdentity } from "../../src/identity/azure-identity.ts";
import { bearerOf, tenantOf } from "../../src/sandbox/entra/token.ts";
import type { Neighbour } from "../../src/sandbox/neighbour.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { get, post, secretForm, tokenEndpoint, usersUrl } from "./caller.ts";

let sandbox: Sandbox;
let tenant: Tenant;
let other: Neighbour;
before(async () => {
  sandbox = await startTestSandbox({ users: 300, neighbours: [{ users: 250 }, { users: 7 }], queues: true });
  ({ tenant } = sandbox);
  other = tenant.neighbours[0] ?? assert.fail();
});
after(() => sandbox[Symbol.asyncDispose]());

async function tokenOf(name: string): Promise<string> {
  return (await post(tokenEndpoint(tenant, name), secretForm(tenant))).json.access_token;
}

describe("tenants with the same app", () => {
  it("have an id, an issuer and tokens of their own, by id and by domain", async () => {
    for (const name of [other.tenantId, other.domain]) {
      const metadata = `${tenant.entra.origin}/${name}/v2.0/.well-known/openid-configuration`;
      assert.equal((await get(metadata)).json.issuer, `${tenant.entra.origin}/${other.tenantId}/v2.0`);
      const token = await tokenOf(name);
      assert.equal(tenantOf(bearerOf(`Bearer ${token}`)), other.tenantId);
      const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
      assert.equal(claims.iss, `https://sts.windows.net/${other.tenantId}/`);
      assert.equal(claims.aud, "https://graph.microsoft.com");
    }
  });

  it("show each token the people of its own tenant", async () => {
    for (const { tenantId, domain, directory } of [tenant, ...tenant.neighbours]) {
      const token = await tokenOf(tenantId);
      const { json } = await get(usersUrl(tenant, { select: "id,userPrincipalName", top: "999" }), token);
      assert.equal(json.value.length, directory.size);
      const own = json.value.filter((user: { userPrincipalName: string }) =>
        user.userPrincipalName.toLowerCase().endsWith(domain),
      );
      assert.ok(own.length > 0 && own.length <= json.value.length);
    }
  });

  it("refuse a token of one on the pages of another", async () => {
    const theirs = await tokenOf(other.tenantId);
    const { json } = await get(usersUrl(tenant, { top: "100" }), theirs);
    const next = json["@odata.nextLink"];
    assert.equal((await get(next, await tokenOf(tenant.tenantId))).status, 400);
    assert.equal((await get(next, theirs)).status, 200);
  });

  it("refuse a token whose tenant was changed", async () => {
    const [head, body = "", signature] = (await tokenOf(tenant.tenantId)).split(".");
    const claims = { ...JSON.parse(Buffer.from(body, "base64url").toString()), tid: other.tenantId };
    const forged = `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
    assert.equal((await get(usersUrl(tenant), forged)).status, 401);
  });

  it("consent each for itself, and one that never did does not know the app", async () => {
    other.app.roles.clear();
    assert.equal((await get(usersUrl(tenant), await tokenOf(other.tenantId))).status, 403);
    assert.equal((await get(usersUrl(tenant), await tokenOf(tenant.tenantId))).status, 200);
    other.app.roles.add("User.Read.All");
    other.app.isInstalled = false;
    const { status, json } = await post(tokenEndpoint(tenant, other.tenantId), secretForm(tenant));
    assert.equal(status, 400);
    assert.match(json.error_description, /^AADSTS700016/);
    assert.ok(await tokenOf(tenant.tenantId));
    other.app.isInstalled = true;
  });

  it("are told apart in faults and in the journal", async () => {
    tenant.script({
      service: "graph",
      match: ({ tenantId }) => tenantId === other.tenantId,
      fault: { kind: "error", status: 503 },
    });
    assert.equal((await get(usersUrl(tenant), await tokenOf(tenant.tenantId))).status, 200);
    assert.equal((await get(usersUrl(tenant), await tokenOf(other.tenantId))).status, 503);
    const [theirs] = tenant.requests.filter(({ status }) => status === 503);
    assert.equal(theirs?.tenantId, other.tenantId);
  });
});

describe("the sandbox's queues", () => {
  it("take a bearer token, and keep a message until it is deleted", async () => {
    const url = sandbox.environment.AzureWebJobsStorage__queueServiceUri ?? assert.fail();
    const queue = new QueueServiceClient(url, openAzureIdentity()).getQueueClient("some-messages");
    await queue.createIfNotExists();
    await queue.sendMessage("{}");
    const [message] = (await queue.receiveMessages()).receivedMessageItems;
    assert.equal(message?.messageText, "{}");
    assert.equal(message?.dequeueCount, 1);
    await queue.deleteMessage(message?.messageId ?? "", message?.popReceipt ?? "");
  });
});
