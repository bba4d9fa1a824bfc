import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MINUTE } from "../../src/clock.ts";
import { MsalApps } from "../../src/identity/msal-apps.ts";
import { VaultReads } from "../../src/identity/vault-reads.ts";
import { trustIdentity } from "../../src/sandbox/sandbox.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { type Rig, type RigRun, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { TestClock } from "../support/test-clock.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function start(tokenLifetimeSeconds?: number): Promise<Rig> {
  return startRig(storage, {
    users: 10,
    credential: "secret",
    neighbours: [{ users: 11 }, { users: 12 }],
    ...(tokenLifetimeSeconds === undefined ? {} : { tokenLifetimeSeconds }),
  });
}

const everybody = ({ tenant }: Rig) => [tenant, ...tenant.neighbours];

/** How often Entra was asked: for a tenant's metadata, and for a token. */
function askedOf({ tenant }: Rig): { readonly metadata: number; readonly tokens: number } {
  const asked = tenant.requests.filter(({ service }) => service === "entra");
  return {
    metadata: asked.filter(({ method }) => method === "GET").length,
    tokens: asked.filter(({ method }) => method === "POST").length,
  };
}

/** A run on a tenant, with what the runs before left. */
function on(msalApps: MsalApps, { tenantId }: { readonly tenantId: string }): RigRun {
  return { settings: { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: tenantId }, run: { msalApps } };
}

/** A run to which Graph answers what it cannot use: no fault of the sign-in. */
async function failing(rig: Rig, given: RigRun): Promise<void> {
  using _ = rig.tenant.script({
    service: "graph",
    fault: { kind: "errorAs200" },
    times: Number.POSITIVE_INFINITY,
  });
  await rig.fails("graph-page-invalid", given);
}

function pass(clock: TestClock, ms: number): Promise<void> {
  return clock.sleep(ms, new AbortController().signal);
}

describe("runs of one process on the same tenant", () => {
  it("sign in once, until one of them commits", async () => {
    await using rig = await start();
    const apps = new MsalApps();
    await failing(rig, on(apps, rig.tenant));
    await failing(rig, on(apps, rig.tenant));
    await rig.run(on(apps, rig.tenant));
    assert.deepEqual(askedOf(rig), { metadata: 1, tokens: 1 });
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 1);
    assert.equal(apps.size, 0);
  });

  it("notice the next night what was taken away meanwhile", async () => {
    await using rig = await start();
    const apps = new MsalApps();
    await rig.run(on(apps, rig.tenant));
    rig.tenant.app.roles.clear();
    await rig.fails("graph-permission-missing", on(apps, rig.tenant));
  });

  it("sign in each for itself where they share nothing", async () => {
    await using rig = await start();
    for (let times = 0; times < 2; times++) {
      const { settings } = on(new MsalApps(), rig.tenant);
      await rig.run({ settings: settings ?? {} });
    }
    assert.deepEqual(askedOf(rig), { metadata: 2, tokens: 2 });
  });

  it("ask through their own connections, and end with their own signal", async () => {
    // So short that MSAL asks for a new token each time.
    await using rig = await start(60);
    const apps = new MsalApps();
    const first = new AbortController();
    const { settings, run } = on(apps, rig.tenant);
    await failing(rig, { settings: settings ?? {}, run: { ...run, signal: first.signal } });
    first.abort(new Error("the first run has ended"));
    await rig.run(on(apps, rig.tenant));
    const { metadata, tokens } = askedOf(rig);
    assert.equal(metadata, 1);
    assert.ok(tokens >= 2, String(tokens));
  });

  it("sign in again after half an hour", async () => {
    await using rig = await start();
    const clock = new TestClock(Date.now());
    const apps = new MsalApps(clock);
    await failing(rig, on(apps, rig.tenant));
    await pass(clock, 29 * MINUTE);
    await failing(rig, on(apps, rig.tenant));
    assert.equal(askedOf(rig).tokens, 1);
    await pass(clock, 2 * MINUTE);
    await rig.run(on(apps, rig.tenant));
    assert.equal(askedOf(rig).tokens, 2);
  });

  it("sign in again once Graph has refused a token", async () => {
    await using rig = await start();
    const apps = new MsalApps();
    const stop = rig.tenant.script({
      service: "graph",
      fault: { kind: "rejectToken" },
      times: Number.POSITIVE_INFINITY,
    });
    await rig.fails("graph-token-refused", on(apps, rig.tenant));
    assert.equal(apps.size, 0);
    stop();
    const { tokens } = askedOf(rig);
    await rig.run(on(apps, rig.tenant));
    assert.equal(askedOf(rig).tokens, tokens + 1);
  });

  it("have what was granted since, although the last token does not", async () => {
    await using rig = await start();
    const apps = new MsalApps();
    rig.tenant.app.roles.clear();
    await rig.fails("graph-permission-missing", on(apps, rig.tenant));
    assert.equal(apps.size, 0);
    rig.tenant.app.roles.add("User.Read.All");
    await rig.run(on(apps, rig.tenant));
  });

  it("sign in again once Entra has refused the credential or the app", async () => {
    await using rig = await start();
    const apps = new MsalApps();
    rig.tenant.app.isInstalled = false;
    await rig.fails("client-not-found", on(apps, rig.tenant));
    assert.equal(apps.size, 0);
    rig.tenant.app.isInstalled = true;
    rig.tenant.app.revokeSecret(rig.sandbox.secret);
    await rig.fails("credential-rejected", on(apps, rig.tenant));
    assert.equal(apps.size, 0);
  });

  it("sign in with the new version of a credential as soon as they have it", async () => {
    await using rig = await start();
    const apps = new MsalApps();
    await failing(rig, on(apps, rig.tenant));
    const { credential: former } = await rig.run(on(apps, rig.tenant));
    await failing(rig, on(apps, rig.tenant));
    assert.equal(askedOf(rig).tokens, 2);
    rig.tenant.vault.set("graph-secret", rig.tenant.app.addSecret().value);
    const { credential } = await rig.run(on(apps, rig.tenant));
    assert.notEqual(credential.version, former.version);
    assert.equal(askedOf(rig).tokens, 3);
  });

  it("sign in with an assertion of their own where the credential is federated", async () => {
    await using rig = await start(60);
    trustIdentity(rig.tenant);
    const apps = new MsalApps();
    const federated = {
      ROLLCALL_CREDENTIAL: "federated",
      ROLLCALL_KEY_VAULT_URL: "",
      ROLLCALL_SECRET_NAME: "",
    };
    const first = new AbortController();
    const { settings, run } = on(apps, rig.tenant);
    const given = { settings: { ...settings, ...federated }, run: run ?? {} };
    await failing(rig, { ...given, run: { ...run, signal: first.signal } });
    first.abort(new Error("the first run has ended"));
    await rig.run(given);
    assert.equal(askedOf(rig).metadata, 1);
  });
});

describe("runs of one process on many tenants", () => {
  it("have each its own token, whatever they share", async () => {
    await using rig = await start();
    const shared = { msalApps: new MsalApps(), vaultReads: new VaultReads() };
    const given = ({ tenantId }: { readonly tenantId: string }) => ({
      settings: { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: tenantId },
      run: shared,
    });
    for (const tenant of everybody(rig)) await failing(rig, given(tenant));
    const manifests = await Promise.all(everybody(rig).map((tenant) => rig.run(given(tenant))));
    assert.deepEqual(
      manifests.map(({ tenantId, completeness }) => [tenantId, completeness.unique]),
      everybody(rig).map(({ tenantId, directory }) => [tenantId, directory.size]),
    );
    assert.deepEqual(askedOf(rig), { metadata: 3, tokens: 3 });
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 3);
    // The sandbox refuses a token of another tenant.
    const asked = rig.tenant.requests.filter(({ service }) => service === "graph");
    assert.ok(asked.every(({ status }) => status === 200));
  });

  it("keep a hundred sign-ins at the most, those used last", () => {
    const apps = new MsalApps();
    const app = (index: number) => ({
      clientId: "c11e0717-5eed-4a11-9b0c-5a4db0c0ffee",
      tenantId: `0a0b0c0d-1111-4222-8333-${String(index).padStart(12, "0")}`,
      authorityHost: "https://login.microsoftonline.com",
    });
    const proof = { clientSecret: "not one" };
    const first = apps.open(app(0), proof);
    const second = apps.open(app(1), proof);
    for (let index = 2; index < 100; index++) apps.open(app(index), proof);
    assert.equal(apps.open(app(0), proof), first);
    for (let index = 100; index < 150; index++) apps.open(app(index), proof);
    assert.equal(apps.size, 100);
    assert.equal(apps.open(app(0), proof), first);
    assert.notEqual(apps.open(app(1), proof), second);
    assert.notEqual(apps.open(app(0), { clientSecret: "another" }), first);
    assert.equal(apps.size, 100);
  });
});
