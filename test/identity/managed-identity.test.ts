import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { openAzureIdentity } from "../../src/identity/azure-identity.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { identityBut, unsignedToken } from "../support/forged-identity.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { Eavesdropper, PICKS } from "../support/told.ts";

const ALWAYS = { times: Number.POSITIVE_INFINITY };

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function start(users = 50): Promise<Rig> {
  return startRig(storage, { users, credential: "managed-identity" });
}

/** Requests to the platform for Graph's token, not for the storage's. */
function forGraph({ tenant }: Rig) {
  return {
    service: "identity",
    match: ({ query }: { readonly query: URLSearchParams | string }) =>
      new URLSearchParams(query).get("resource") === tenant.graph.origin,
  } as const;
}

describe("a run as the managed identity itself", () => {
  it("needs neither Entra nor the vault, and says so in its manifest", async () => {
    await using rig = await start();
    const { credential, warnings } = await rig.run();
    const nothing = { name: null, version: null, expiresOn: null };
    assert.deepEqual(credential, { kind: "managed-identity", ...nothing });
    assert.deepEqual(warnings, []);
    const services = new Set(rig.tenant.requests.map(({ service }) => service));
    assert.deepEqual([...services].sort(), ["graph", "identity"]);
    const { match } = forGraph(rig);
    assert.equal(
      rig.tenant.requests.filter((asked) => asked.service === "identity" && match(asked)).length,
      1,
    );
  });

  it("signs its manifest with a key in the vault, where one is named", async () => {
    await using rig = await startRig(storage, { users: 50, credential: "managed-identity", signs: true });
    const { credential, signature } = await rig.run();
    assert.equal(credential.kind, "managed-identity");
    assert.equal(signature?.alg, "ES256");
  });

  it("tells how to grant a missing role to the identity, and how long that takes", async () => {
    await using rig = await start();
    rig.tenant.identity.roles.clear();
    const { remedy, answer } = await rig.fails("graph-permission-missing");
    assert.equal(answer?.status, 403);
    assert.match(remedy, /grant User\.Read\.All to the managed identity/);
    assert.ok(remedy.includes(`--identity ${rig.tenant.identity.principalId}`));
    assert.match(remedy, /up to 24 hours/);
    assert.doesNotMatch(remedy, /adminconsent/);
  });

  it("goes on with the same token when Graph refuses it once", async () => {
    await using rig = await start(2500);
    rig.tenant.script({ service: "graph", match: ({ page }) => page === 2, fault: { kind: "rejectToken" } });
    await rig.run();
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 1);
  });

  it("ends when Graph refuses it twice, and says how long the platform keeps a token", async () => {
    await using rig = await start(2500);
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      ...ALWAYS,
      fault: { kind: "rejectToken" },
    });
    const error = await rig.fails("graph-token-refused");
    assert.match(error.problem, /managed identity's token twice, and the platform gives no other/);
    assert.match(error.remedy, /up to 24 hours/);
  });

  it("asks for another token before its own expires", async () => {
    await using rig = await startRig(storage, {
      credential: "managed-identity",
      identityTokenLifetimeSeconds: 2,
    });
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      fault: { kind: "delay", ms: 2500 },
    });
    await rig.run({ run: { timeouts: { connectMs: 2000, headersMs: 5000, bodyMs: 5000 } } });
    assert.ok(rig.tenant.tokensSeenBy("graph").size > 1);
    // The library renews such a short token in the background too, and nobody awaits that.
    await delay(2500);
  });

  it("never uses a user's token, which may see fewer people", async () => {
    await using rig = await start();
    const token = unsignedToken({ oid: randomUUID(), scp: "User.Read.All", upn: "guest@contoso.com" });
    const identity = identityBut(rig.tenant, (resource) =>
      resource === rig.tenant.graph.origin ? token : undefined,
    );
    const error = await rig.fails("identity-unavailable", { run: { identity } });
    assert.match(error.problem, /the token is a user's/);
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 0);
  });
});

describe("a platform that gives no token", () => {
  it("is asked again after passing faults", async () => {
    await using rig = await start();
    rig.tenant.script({ ...forGraph(rig), times: 2, fault: { kind: "throttle" } });
    rig.tenant.script({ ...forGraph(rig), fault: { kind: "error", status: 500 } });
    await rig.run();
  });

  it("is given up when it keeps refusing", async () => {
    await using rig = await start();
    rig.tenant.script({ ...forGraph(rig), ...ALWAYS, fault: { kind: "throttle" } });
    const error = await rig.fails("identity-unavailable");
    assert.match(error.problem, /no managed identity gave one: the answer was unusable .* after 4 attempts/);
    assert.match(error.remedy, /AZURE_CLIENT_ID/);
  });

  it("is given up when it keeps silent", async () => {
    await using rig = await start();
    rig.tenant.script({ ...forGraph(rig), ...ALWAYS, fault: { kind: "stall", phase: "headers" } });
    const identity = openAzureIdentity(rig.tenant.identity.clientId, 100);
    const error = await rig.fails("identity-unavailable", { run: { identity } });
    assert.match(error.problem, /no complete answer arrived \(TIMEOUT\) after 10 attempts/);
  });

  it("does not keep a run waiting beyond its time budget, whatever the token is for", async () => {
    for (const credential of ["managed-identity", "federated", "certificate"] as const) {
      await using rig = await startRig(storage, { users: 50, credential });
      rig.tenant.script({
        service: "identity",
        match: ({ query }) => query.get("resource") !== "https://storage.azure.com",
        ...ALWAYS,
        fault: { kind: "stall", phase: "body" },
      });
      await rig.fails("time-budget-exceeded", { settings: { ROLLCALL_TIME_BUDGET_MINUTES: "0.03" } });
    }
  });

  it("ends a run that waits for the storage's token", async () => {
    await using rig = await start();
    rig.tenant.script({ service: "identity", ...ALWAYS, fault: { kind: "stall", phase: "headers" } });
    const identity = openAzureIdentity(rig.tenant.identity.clientId, 100);
    await rig.fails("identity-unavailable", { run: { identity } });
  });

  it("is not told of in what it repeats", async () => {
    for (const pick of Object.values(PICKS)) {
      for (const status of [302, 400, 401, 403]) {
        await using rig = await start();
        const ear = new Eavesdropper();
        rig.tenant.script({
          ...forGraph(rig),
          ...ALWAYS,
          fault: { kind: "echo", ...ear.hearing({ status, pick }) },
        });
        const error = await rig.fails("identity-unavailable");
        assert.ok(ear.heard > 0);
        ear.assertUntold(inspect(error, { depth: 12, showHidden: true }), JSON.stringify(error));
      }
    }
  });
});
