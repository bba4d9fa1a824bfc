import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { checkSignature } from "../src/archive/signature-check.ts";
import { openManifest, storedRun } from "../src/archive/stored-runs.ts";
import { RollcallError } from "../src/error.ts";
import type { FaultRule } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { vaultPublicKeys } from "../src/signature/vault-public-keys.ts";
import type { SignatureFinding } from "../src/signature/verify-signature.ts";
import { folderOf, latestPath, lockPath, manifestPath, signaturePath } from "../src/snapshot/layout.ts";
import { type Latest, type Manifest, toBytes } from "../src/snapshot/manifest.ts";
import { assertNothingHalf, readingSide } from "./support/aftermath.ts";
import { localSigner } from "./support/local-signer.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { identityOf, runContext } from "./support/vault-caller.ts";

const KEY = "manifest-key";
const REQUIRED = { ROLLCALL_REQUIRE_SIGNATURE: "on" };
/** Small enough that each page makes a part: a failure then has something to take back. */
const MANY_PARTS = { maxPartBytes: 1000 };

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function startSigningRig(): Promise<Rig> {
  return startRig(storage, { users: 100, signs: true });
}

function pathsOf({ tenantId, runId }: Manifest) {
  const folder = folderOf(tenantId, runId);
  return { folder, manifest: manifestPath(folder), jws: signaturePath(folder) };
}

/** What becomes of a run's signature with the vault's public keys. */
async function signatureOf(rig: Rig, run: Manifest): Promise<SignatureFinding> {
  const container = readingSide(rig, storage);
  const stored = await storedRun(container, pathsOf(run).folder);
  assert.ok(stored, "it is not committed");
  const keys = vaultPublicKeys(rig.tenant.vault.origin, KEY, identityOf(rig.tenant), runContext());
  return checkSignature(container, await openManifest(container, stored), keys);
}

/** Replaces a run's manifest by another, and `latest.json` with it, as whoever may write to the container can. */
async function forge(rig: Rig, forged: Manifest): Promise<Buffer> {
  const bytes = toBytes(forged);
  await rig.put(pathsOf(forged).manifest, bytes);
  const path = latestPath(forged.tenantId);
  const latest = (await rig.json(path)) as Latest;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  await rig.put(path, toBytes({ ...latest, sha256, finishedAt: forged.finishedAt }));
  return bytes;
}

describe("a signed night", () => {
  for (const kind of [
    { kty: "EC", curve: "P-256" },
    { kty: "RSA", bits: 2048 },
  ] as const) {
    it(`leaves the signature of the vault's ${kind.kty} key beside the manifest, which names the key`, async () => {
      await using rig = await startSigningRig();
      const version = rig.tenant.vault.keys.create(KEY, kind);
      const run = await rig.run();
      const alg = kind.kty === "EC" ? "ES256" : "PS256";
      const kid = `${rig.tenant.vault.origin}/keys/${KEY}/${version}`;
      assert.deepEqual(run.signature, { alg, kid });
      assert.deepEqual(await signatureOf(rig, run), { state: "valid", alg, kid });
      const { contentType } = await rig.container.getBlobClient(pathsOf(run).jws).getProperties();
      assert.equal(contentType, "application/jose");
    });
  }

  it("goes unsigned where no key is named, and says so", async () => {
    await using rig = await startRig(storage, { users: 100 });
    const run = await rig.run();
    assert.equal(run.signature, null);
    assert.ok(!(await rig.blobs()).includes(pathsOf(run).jws));
  });

  it("signs with a key's new version from the next night on, and what the old one signed stays valid", async () => {
    await using rig = await startSigningRig();
    const first = await rig.run({ settings: REQUIRED });
    rig.tenant.vault.keys.rotate(KEY);
    const second = await rig.run({ settings: REQUIRED });
    assert.notEqual(second.signature?.kid, first.signature?.kid);
    for (const run of [first, second]) assert.equal((await signatureOf(rig, run)).state, "valid");
  });
});

describe("a run that cannot sign publishes nothing", () => {
  it("when the key was disabled between two nights, before anybody is listed", async () => {
    await using rig = await startSigningRig();
    await rig.run();
    const version = rig.tenant.vault.keys.find(KEY, undefined)?.version ?? "";
    rig.tenant.vault.keys.update(KEY, version, { enabled: false });
    const listed = () => rig.tenant.requests.filter(({ service }) => service === "graph").length;
    const before = listed();
    const error = await rig.fails("signing-failed");
    assert.match(error.message, /the newest version is disabled/);
    assert.equal(listed(), before);
    rig.tenant.vault.keys.rotate(KEY);
    await rig.run();
  });

  it("when there is no such key", async () => {
    await using rig = await startSigningRig();
    const settings = { ROLLCALL_SIGNING_KEY_NAME: "no-such-key" };
    const error = await rig.fails("signing-failed", { settings });
    assert.match(error.message, /no key of that name.*az keyvault key create --name no-such-key/);
  });

  it("when the identity lacks the role", async () => {
    await using rig = await startSigningRig();
    rig.tenant.vault.keys.roleAssigned = false;
    const error = await rig.fails("signing-failed");
    assert.match(error.message, /Key Vault Crypto User/);
  });

  const atSigning = (fault: FaultRule["fault"], times = Number.POSITIVE_INFINITY): FaultRule => ({
    service: "vault",
    match: ({ path }) => path.endsWith("/sign"),
    times,
    fault,
  });

  it("when the vault is down at the moment of signing; a passing fault only costs time", async () => {
    await using rig = await startSigningRig();
    rig.tenant.script(atSigning({ kind: "error", status: 503 }, 2));
    await rig.run();
    using _ = rig.tenant.script(atSigning({ kind: "error", status: 503 }));
    const error = await rig.fails("signing-failed", { run: MANY_PARTS });
    assert.match(error.message, /signing with key manifest-key in https:.*refused with 503/);
  });

  it("when the role was taken away while the users were listed", async () => {
    await using rig = await startSigningRig();
    const onProgress = ({ phase }: { readonly phase: string }) => {
      if (phase === "list") rig.tenant.vault.keys.roleAssigned = false;
    };
    await rig.fails("signing-failed", { run: { ...MANY_PARTS, onProgress } });
  });

  it("when it is ended while the vault signs", async () => {
    await using rig = await startSigningRig();
    const stop = new AbortController();
    const enough = new RollcallError("terminated", { doing: "a", problem: "b", remedy: "c" });
    rig.tenant.script(atSigning({ kind: "before", run: () => stop.abort(enough) }));
    await rig.fails("terminated", { run: { ...MANY_PARTS, signal: stop.signal } });
    await assertNothingHalf(rig, storage);
  });
});

describe("a run that loses its lock while the vault signs", () => {
  it("takes the signature back with its parts", async () => {
    await using rig = await startSigningRig();
    const lock = rig.container.getBlobClient(lockPath(rig.tenant.tenantId));
    rig.tenant.script({
      service: "vault",
      match: ({ path }) => path.endsWith("/sign"),
      fault: { kind: "before", run: async () => void (await lock.getBlobLeaseClient().breakLease(0)) },
    });
    await rig.fails("lock-lost", { run: MANY_PARTS });
  });
});

describe("a run that requires a signature", () => {
  it("begins with a first snapshot, and builds on what its key signed", async () => {
    await using rig = await startSigningRig();
    const first = await rig.run({ settings: REQUIRED });
    const { manifest, warnings } = await rig.take({ settings: REQUIRED });
    assert.equal(manifest.previous?.runId, first.runId);
    assert.deepEqual(warnings, []);
  });

  it("refuses an unsigned predecessor, and accepts it once when it is told to", async () => {
    await using rig = await startSigningRig();
    const unsigned = await rig.run({ settings: { ROLLCALL_SIGNING_KEY_NAME: "" } });
    const error = await rig.fails("predecessor-unsigned", { settings: REQUIRED });
    assert.match(error.message, new RegExp(`run ${unsigned.runId}.*it is not signed.*--accept-unsigned`));
    const { manifest, warnings } = await rig.take({ settings: REQUIRED, run: { acceptUnsigned: true } });
    assert.equal(manifest.previous?.runId, unsigned.runId);
    assert.deepEqual(warnings, [
      `unsigned-accepted: run ${unsigned.runId} was built on, although it is not signed`,
    ]);
    assert.deepEqual((await rig.take({ settings: REQUIRED })).warnings, []);
  });

  it("refuses a predecessor that was forged whole, which nothing else shows", async () => {
    await using rig = await startSigningRig();
    const run = await rig.run();
    await forge(rig, { ...run, warnings: ["forged: by a storage writer"] });
    const error = await rig.fails("predecessor-unsigned", { settings: REQUIRED });
    assert.match(error.message, /the signature does not fit the manifest's bytes and the key/);
  });

  it("refuses a predecessor that was signed with somebody else's key under the right name", async () => {
    await using rig = await startSigningRig();
    const run = await rig.run();
    const bytes = await forge(rig, { ...run, warnings: ["forged: by a storage writer"] });
    await rig.put(pathsOf(run).jws, localSigner().jws({ ...run.signature }, bytes));
    await rig.fails("predecessor-unsigned", { settings: REQUIRED });
  });

  it("refuses a predecessor whose signature was taken away", async () => {
    await using rig = await startSigningRig();
    const run = await rig.run();
    await rig.container.deleteBlob(pathsOf(run).jws);
    const error = await rig.fails("predecessor-unsigned", { settings: REQUIRED });
    assert.match(error.message, /the manifest says it is signed, and manifest\.jws is missing/);
    await rig.put(pathsOf(run).jws, Buffer.alloc(1_000_000));
    assert.match((await rig.fails("predecessor-unsigned", { settings: REQUIRED })).message, /1000000 bytes/);
  });

  it("refuses a predecessor that another key signed, and builds on it once when it is told to", async () => {
    await using rig = await startSigningRig();
    await rig.run();
    rig.tenant.vault.keys.create("other-key");
    const settings = { ...REQUIRED, ROLLCALL_SIGNING_KEY_NAME: "other-key" };
    const error = await rig.fails("predecessor-unsigned", { settings });
    assert.match(error.message, /its kid names another key than other-key/);
    await rig.run({ settings, run: { acceptUnsigned: true } });
    await rig.run({ settings });
  });

  it("does not take a vault that gives no answer for a yes", async () => {
    await using rig = await startSigningRig();
    await rig.run();
    using _ = rig.tenant.script({
      service: "vault",
      match: ({ path }) => path.startsWith("/keys/"),
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "error", status: 503 },
    });
    await rig.fails("verification-key-unusable", { settings: REQUIRED, run: { acceptUnsigned: true } });
  });
});
