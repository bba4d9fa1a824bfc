import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MINUTE } from "../../src/clock.ts";
import { VaultReads } from "../../src/identity/vault-reads.ts";
import { trustIdentity } from "../../src/sandbox/sandbox.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { TestClock } from "../support/test-clock.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function start(): Promise<Rig> {
  const neighbours = Array.from({ length: 7 }, (_, index) => ({ users: 11 + index }));
  return startRig(storage, { users: 10, credential: "secret", neighbours });
}

const everybody = ({ tenant }: Rig) => [tenant, ...tenant.neighbours];

/** How often the vault gave a secret. */
function readsOf({ tenant }: Rig): number {
  return tenant.requests.filter(
    ({ service, status, path }) => service === "vault" && status === 200 && path.startsWith("/secrets/"),
  ).length;
}

/** One run on a tenant, sharing what the vault said. */
function runOn(rig: Rig, { tenantId }: { readonly tenantId: string }, vaultReads: VaultReads) {
  return rig.run({
    settings: { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: tenantId },
    run: { vaultReads },
  });
}

describe("runs of one process on many tenants", () => {
  it("read the vault once, at the same time and one after another", async () => {
    await using rig = await start();
    const reads = new VaultReads();
    const manifests = await Promise.all(everybody(rig).map((tenant) => runOn(rig, tenant, reads)));
    for (const tenant of everybody(rig).slice(0, 3)) await runOn(rig, tenant, reads);
    assert.equal(readsOf(rig), 1);
    assert.deepEqual(
      manifests.map(({ tenantId, completeness }) => [tenantId, completeness.unique]),
      everybody(rig).map(({ tenantId, directory }) => [tenantId, directory.size]),
    );
  });

  it("read it again after ten minutes", async () => {
    await using rig = await start();
    const clock = new TestClock(Date.now());
    const reads = new VaultReads(clock);
    const [one = assert.fail(), other = assert.fail()] = everybody(rig);
    await runOn(rig, one, reads);
    await clock.sleep(9 * MINUTE, new AbortController().signal);
    await runOn(rig, other, reads);
    assert.equal(readsOf(rig), 1);
    await clock.sleep(2 * MINUTE, new AbortController().signal);
    await runOn(rig, other, reads);
    assert.equal(readsOf(rig), 2);
  });

  it("read it again at once when Entra refuses what was read, and take the new version", async () => {
    await using rig = await start();
    const clock = new TestClock(Date.now());
    const reads = new VaultReads(clock);
    const [one = assert.fail(), other = assert.fail()] = everybody(rig);
    const { credential: former } = await runOn(rig, one, reads);
    rig.tenant.app.revokeSecret(rig.sandbox.secret);
    rig.tenant.vault.set("graph-secret", rig.tenant.app.addSecret().value);
    await clock.sleep(MINUTE, new AbortController().signal);
    const { credential, warnings } = await runOn(rig, other, reads);
    assert.notEqual(credential.version, former.version);
    assert.deepEqual(warnings, []);
    const before = readsOf(rig);
    await runOn(rig, one, reads);
    assert.equal(readsOf(rig), before);
  });

  it("do not read it again and again while no version will do", async () => {
    await using rig = await start();
    const reads = new VaultReads();
    rig.tenant.app.revokeSecret(rig.sandbox.secret);
    for (const { tenantId } of everybody(rig)) {
      const settings = { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: tenantId };
      await rig.fails("credential-rejected", { settings, run: { vaultReads: reads } });
    }
    // The newest version, and the list of all.
    assert.ok(readsOf(rig) <= 2, String(readsOf(rig)));
  });

  it("do not suffer from another that is ended while it reads for them", async () => {
    await using rig = await start();
    const reads = new VaultReads();
    const [one = assert.fail(), other = assert.fail()] = everybody(rig);
    const ending = new AbortController();
    const waits = Promise.withResolvers<void>();
    let second: Promise<unknown> | undefined;
    rig.tenant.script({
      service: "vault",
      fault: {
        kind: "before",
        run: async () => {
          second = runOn(rig, other, reads);
          setTimeout(() => ending.abort(new Error("ended")), 500);
          await waits.promise;
        },
      },
    });
    const settings = { ROLLCALL_TENANTS: "", ROLLCALL_TENANT_ID: one.tenantId };
    await assert.rejects(rig.run({ settings, run: { vaultReads: reads, signal: ending.signal } }), /ended/);
    waits.resolve();
    await second;
    assert.equal((await rig.published()).length, 2);
  });

  it("read a signing key once, whoever signs with it and checks it, and ask the vault for each signature", async () => {
    await using rig = await startRig(storage, {
      users: 10,
      signs: true,
      neighbours: [{ users: 11 }, { users: 12 }],
    });
    const reads = new VaultReads();
    const keyRequests = (method: string) =>
      rig.tenant.requests.filter(
        ({ service, status, path, method: by }) =>
          service === "vault" && status === 200 && path.startsWith("/keys/") && by === method,
      ).length;
    for (let nights = 0; nights < 2; nights++) {
      for (const { tenantId } of everybody(rig)) {
        const { signature } = await rig.run({
          settings: {
            ROLLCALL_TENANTS: "",
            ROLLCALL_TENANT_ID: tenantId,
            ROLLCALL_REQUIRE_SIGNATURE: nights > 0 ? "on" : "off",
          },
          run: { vaultReads: reads },
        });
        assert.ok(signature);
      }
    }
    // The newest version to sign with, and the same by its name to check.
    assert.equal(keyRequests("GET"), 2);
    assert.equal(keyRequests("POST"), 6);
  });

  it("read a signing key again that would not do, and so notice that it was mended", async () => {
    await using rig = await startRig(storage, { users: 10, signs: true });
    const clock = new TestClock(Date.now());
    const reads = new VaultReads(clock);
    const settings = { ROLLCALL_SIGNING_KEY_NAME: "other-key" };
    await rig.fails("signing-failed", { settings, run: { vaultReads: reads } });
    rig.tenant.vault.keys.create("other-key", { kty: "EC", curve: "P-256" });
    await clock.sleep(MINUTE, new AbortController().signal);
    const { signature } = await rig.run({ settings, run: { vaultReads: reads } });
    assert.match(signature?.kid ?? "", /other-key/);
  });

  it("send no tenant's token for another: each has its own, for Graph of that tenant alone", async () => {
    await using rig = await start();
    const reads = new VaultReads();
    await Promise.all(everybody(rig).map((tenant) => runOn(rig, tenant, reads)));
    const tokens = rig.tenant.tokensSeenBy("graph");
    assert.equal(tokens.size, everybody(rig).length);
    const signIns = rig.tenant.requests.filter(
      ({ service, method }) => service === "entra" && method === "POST",
    );
    assert.deepEqual(
      signIns.map(({ path }) => path.split("/")[1]).sort(),
      everybody(rig)
        .map(({ tenantId }) => tenantId)
        .sort(),
    );
    for (const { tenantId, directory } of everybody(rig)) {
      const asked = rig.tenant.requests.filter(
        (request) => request.service === "graph" && request.tenantId === tenantId,
      );
      assert.ok(asked.length >= 2 && asked.every(({ status }) => status === 200));
      const folder = (await rig.blobs()).find(
        (name) => name.startsWith(`tenant=${tenantId}/`) && name.endsWith("/manifest.json"),
      );
      const manifest = (await rig.json(folder ?? "")) as {
        readonly completeness: { readonly unique: number };
      };
      assert.equal(manifest.completeness.unique, directory.size);
    }
  });
});

describe("a token of another tenant", () => {
  it("is refused before any user is asked for: a managed identity's, for a tenant that is not its own", async () => {
    await using rig = await start();
    rig.tenant.identity.roles.add("User.Read.All");
    const [, other = assert.fail()] = everybody(rig);
    const { problem, remedy } = await rig.fails("token-unavailable", {
      settings: {
        ROLLCALL_TENANTS: "",
        ROLLCALL_TENANT_ID: other.tenantId,
        ROLLCALL_CREDENTIAL: "managed-identity",
        ROLLCALL_CLIENT_ID: "",
        ROLLCALL_KEY_VAULT_URL: "",
        ROLLCALL_SECRET_NAME: "",
      },
    });
    assert.equal(problem, `the token is of tenant ${rig.tenant.tenantId}, and not of ${other.tenantId}`);
    assert.match(remedy, /own tenant only/);
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 0);
  });

  it("is not what a federated credential leads to, whose assertion is of the identity's own tenant", async () => {
    await using rig = await start();
    trustIdentity(rig.tenant);
    const [, other = assert.fail()] = everybody(rig);
    const manifest = await rig.run({
      settings: {
        ROLLCALL_TENANTS: "",
        ROLLCALL_TENANT_ID: other.tenantId,
        ROLLCALL_CREDENTIAL: "federated",
        ROLLCALL_KEY_VAULT_URL: "",
        ROLLCALL_SECRET_NAME: "",
      },
    });
    assert.equal(manifest.completeness.unique, other.directory.size);
  });
});
