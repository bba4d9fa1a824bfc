import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import type { FederatedCredential } from "../../src/sandbox/entra/app-registration.ts";
import { startForeignOrigin } from "../../src/sandbox/service/foreign-origin.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { identityBut, strangersAssertion, unsignedToken } from "../support/forged-identity.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { Eavesdropper, PICKS } from "../support/told.ts";

const AUDIENCE = "api://AzureADTokenExchange";
const ALWAYS = { times: Number.POSITIVE_INFINITY };

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function start(): Promise<Rig> {
  return startRig(storage, { users: 50, credential: "federated" });
}

/** Has the app trust something else than the identity. */
function trustInstead({ tenant }: Rig, changes: Partial<FederatedCredential>): void {
  const [right] = tenant.app.federatedCredentials;
  assert.ok(right);
  tenant.app.federatedCredentials.splice(0, 1, { ...right, ...changes });
}

/** Fails with the words of a code, and with what the app's federated credential must be. */
async function assertRejected(rig: Rig, aadsts: number, words: RegExp, given = {}): Promise<void> {
  const { tenant } = rig;
  const { problem, remedy, answer } = await rig.fails("credential-rejected", given);
  assert.ok(problem.includes(`assertion for app ${tenant.clientId}: AADSTS${aadsts}: `), problem);
  assert.match(problem, words);
  assert.equal(answer?.code, `invalid_client AADSTS${aadsts}`);
  assert.ok(remedy.includes(`issuer ${tenant.entra.origin}/${tenant.tenantId}/v2.0,`), remedy);
  assert.ok(remedy.includes(`subject ${tenant.identity.principalId} `), remedy);
  assert.ok(remedy.includes(`audience ${AUDIENCE},`), remedy);
  assert.equal(tenant.tokensSeenBy("graph").size, 0);
}

describe("a run with the managed identity's token in place of a secret", () => {
  it("signs in as the app, without the vault, and says so in its manifest", async () => {
    await using rig = await start();
    const { credential, warnings } = await rig.run();
    const nothing = { name: null, version: null, expiresOn: null };
    assert.deepEqual(credential, { kind: "federated", ...nothing });
    assert.deepEqual(warnings, []);
    const asked = rig.tenant.requests.map(({ service }) => service);
    assert.ok(!asked.includes("vault"));
    const posts = rig.tenant.requests.filter(
      ({ service, method }) => service === "entra" && method === "POST",
    );
    assert.equal(posts.length, 1);
  });

  it("asks for the audience of its cloud", async () => {
    await using rig = await start();
    const audience = `${AUDIENCE}China`;
    trustInstead(rig, { audience });
    const identity = identityBut(rig.tenant, (resource) => {
      assert.notEqual(resource, AUDIENCE);
      return undefined;
    });
    const settings = { ROLLCALL_CLOUD: "china" };
    assert.equal((await rig.run({ settings, run: { identity } })).credential.kind, "federated");
  });

  it("gets a new token for Graph when one is refused in the middle of the run", async () => {
    await using rig = await startRig(storage, { credential: "federated" });
    rig.tenant.script({ service: "graph", match: ({ page }) => page === 2, fault: { kind: "rejectToken" } });
    await rig.run();
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 2);
  });

  it("survives passing faults of the platform and of Entra", async () => {
    await using rig = await start();
    const isAssertion = {
      match: ({ query }: { query: URLSearchParams }) => query.get("resource") === AUDIENCE,
    };
    rig.tenant.script({ service: "identity", ...isAssertion, times: 2, fault: { kind: "throttle" } });
    rig.tenant.script({ service: "identity", ...isAssertion, fault: { kind: "emptyToken" } });
    rig.tenant.script({ service: "entra", fault: { kind: "throttle", retryAfter: "3" } });
    rig.tenant.script({ service: "entra", fault: { kind: "reset" } });
    await rig.run();
    assert.ok(rig.clock.waitsMs.length >= 4);
  });
});

describe("a run whose assertion Entra does not accept tells what to trust", () => {
  it("an app without any federated credential", async () => {
    await using rig = await start();
    rig.tenant.app.federatedCredentials.splice(0);
    await assertRejected(rig, 70025, /has no federated credential$/);
  });

  it("another tenant's issuer", async () => {
    await using rig = await start();
    trustInstead(rig, { issuer: `${rig.tenant.entra.origin}/${randomUUID()}/v2.0` });
    await assertRejected(rig, 700211, /has the assertion's issuer$/);
  });

  it("another identity, and the client id in place of the object id", async () => {
    await using rig = await start();
    for (const subject of [randomUUID(), rig.tenant.identity.clientId]) {
      trustInstead(rig, { subject });
      await assertRejected(rig, 700213, /has the assertion's subject$/);
    }
  });

  it("the identity in upper case", async () => {
    await using rig = await start();
    trustInstead(rig, { subject: rig.tenant.identity.principalId.toUpperCase() });
    await assertRejected(rig, 7002138, /in other upper and lower case$/);
  });

  it("another audience", async () => {
    await using rig = await start();
    trustInstead(rig, { audience: `${AUDIENCE}USGov2` });
    await assertRejected(rig, 700212, /has the assertion's audience$/);
  });

  it("an assertion that a stranger signed", async () => {
    await using rig = await start();
    const assertion = await strangersAssertion(rig.tenant);
    const identity = identityBut(rig.tenant, (resource) => (resource === AUDIENCE ? assertion : undefined));
    await assertRejected(rig, 7000272, /does not publish the key/, { run: { identity } });
  });

  it("an assertion that has expired", async () => {
    await using rig = await startRig(storage, {
      users: 50,
      credential: "federated",
      identityTokenLifetimeSeconds: 2,
    });
    rig.tenant.script({
      service: "entra",
      match: ({ method }) => method === "POST",
      fault: { kind: "delay", ms: 2500 },
    });
    const timeouts = { connectMs: 2000, headersMs: 5000, bodyMs: 5000 };
    await assertRejected(rig, 700024, /outside its time range/, { run: { timeouts } });
  });

  it("a refusal that Entra calls a bad request, as it did in earlier years", async () => {
    for (const aadsts of [70021, 700211, 700213]) {
      await using rig = await start();
      const body = JSON.stringify({
        error: "invalid_request",
        error_description: `AADSTS${aadsts}: No matching federated identity record found for presented assertion.`,
        error_codes: [aadsts],
      });
      rig.tenant.script({
        service: "entra",
        match: ({ method }) => method === "POST",
        fault: { kind: "error", status: 400, body },
      });
      const error = await rig.fails("credential-rejected");
      assert.match(error.problem, new RegExp(`AADSTS${aadsts}: no federated credential of the app `));
      assert.match(error.remedy, /each to the letter/);
    }
  });
});

describe("a run without a fit identity", () => {
  it("never presents a user's token", async () => {
    await using rig = await start();
    for (const claims of [{ scp: "User.Read" }, { upn: "ann@contoso.com" }, { idtyp: "user" }]) {
      const token = unsignedToken({ oid: randomUUID(), ...claims });
      const identity = identityBut(rig.tenant, (resource) => (resource === AUDIENCE ? token : undefined));
      const error = await rig.fails("identity-unavailable", { run: { identity } });
      assert.match(error.problem, /the token is a user's/);
    }
    const posts = rig.tenant.requests.filter(
      ({ service, method }) => service === "entra" && method === "POST",
    );
    assert.equal(posts.length, 0);
  });

  it("says that there is none of that client id", async () => {
    await using rig = await start();
    const match = ({ query }: { query: URLSearchParams }) => query.get("resource") === AUDIENCE;
    rig.tenant.script({
      service: "identity",
      match,
      ...ALWAYS,
      fault: { kind: "error", status: 400, message: "No Managed Identity found for specified ClientId." },
    });
    const error = await rig.fails("identity-unavailable");
    assert.match(
      error.message,
      /managed identity's token for api:\/\/AzureADTokenExchange: no managed identity/,
    );
    assert.match(error.remedy, /AZURE_CLIENT_ID/);
  });
});

describe("an assertion is told to nobody but Entra", () => {
  it("by an answer of the platform or of Entra that repeats what it was sent", async () => {
    await using rig = await start();
    await rig.run();
    for (const asked of [
      {
        service: "identity",
        match: ({ query }: { query: URLSearchParams }) => query.get("resource") === AUDIENCE,
      },
      { service: "entra", match: ({ method }: { method: string }) => method === "POST" },
    ] as const) {
      for (const pick of Object.values(PICKS)) {
        for (const status of [302, 400, 401, 403]) {
          await using fresh = await start();
          const ear = new Eavesdropper();
          fresh.tenant.script({
            ...asked,
            ...ALWAYS,
            fault: { kind: "echo", ...ear.hearing({ status, pick }) },
          });
          const error = await fresh.run().then(
            () => assert.fail("was taken for an answer"),
            (thrown: unknown) => thrown,
          );
          assert.ok(ear.heard > 0);
          ear.assertUntold(inspect(error, { depth: 12, showHidden: true }), JSON.stringify(error));
        }
      }
    }
  });

  it("by a redirect, or by metadata that name an endpoint elsewhere", async () => {
    await using rig = await start();
    await using foreign = await startForeignOrigin(rig.tenant.tls);
    using redirect = rig.tenant.script({
      service: "entra",
      match: ({ method }) => method === "POST",
      ...ALWAYS,
      fault: { kind: "redirect", status: 307, location: `${foreign.origin}/token` },
    });
    await rig.fails("redirect-refused");
    redirect();
    const base = `${rig.tenant.entra.origin}/${rig.tenant.tenantId}`;
    const metadata = {
      token_endpoint: `${foreign.origin}/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      issuer: `${base}/v2.0`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    };
    rig.tenant.script({
      service: "entra",
      match: ({ method }) => method === "GET",
      ...ALWAYS,
      fault: { kind: "error", status: 200, body: JSON.stringify(metadata) },
    });
    await rig.fails("token-unavailable");
    assert.equal(foreign.requests, 0);
  });
});
