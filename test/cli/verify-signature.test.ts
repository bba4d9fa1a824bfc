import assert from "node:assert/strict";
import { createHash, createPublicKey } from "node:crypto";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import type { Verification } from "../../src/archive/verify.ts";
import { openSnapshots, readPublicKeys } from "../../src/library.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { folderOf, latestPath, manifestPath, signaturePath } from "../../src/snapshot/layout.ts";
import { type Latest, type Manifest, toBytes } from "../../src/snapshot/manifest.ts";
import { localSigner } from "../support/local-signer.ts";
import { failureOf, jsonOf, type Outcome, rollcallHere, rollcallIn } from "./rollcall-process.ts";

/** Blobs by their path from the container. */
type Blobs = Map<string, Buffer>;
type Run = (...args: readonly string[]) => Promise<Outcome>;

const KEY = "manifest-key";
const WITHOUT_VAULT = { ROLLCALL_SIGNING_KEY_NAME: "" };

let sandbox: Sandbox;
let service: BlobServiceClient;
let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
let sound: Blobs;
/** Not signed, signed, and signed with the key's next version: the latest. */
let runs: readonly [unsigned: Manifest, signed: Manifest, rotated: Manifest];
let containers = 0;

before(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), "rollcall-signature-"));
  sandbox = await startSandbox({ users: 50, signs: true });
  trustSandbox(sandbox.tenant.tls);
  const { endpoint, header, clientId } = sandbox.tenant.identity;
  Object.assign(process.env, {
    IDENTITY_ENDPOINT: endpoint,
    IDENTITY_HEADER: header,
    AZURE_CLIENT_ID: clientId,
  });
  service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  const unsigned = await take(WITHOUT_VAULT);
  const signed = await take();
  sandbox.tenant.vault.keys.rotate(KEY);
  runs = [unsigned, signed, await take()];
  sound = new Map();
  const container = service.getContainerClient("user-snapshots");
  for await (const { name } of container.listBlobsFlat()) {
    sound.set(name, await container.getBlobClient(name).downloadToBuffer());
  }
});
after(async () => {
  await sandbox[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function take(settings: Readonly<Record<string, string>> = {}): Promise<Manifest> {
  // Run ids have whole seconds.
  await delay(1000 - (Date.now() % 1000));
  return jsonOf(await rollcallIn(sandbox, settings, rollcallHere)("snapshot", "--json")) as Manifest;
}

/** A container of its own with the three snapshots, changed. */
async function changed(
  change: (blobs: Blobs) => void = () => undefined,
  settings: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const blobs = new Map(sound);
  change(blobs);
  const name = `changed-${++containers}`;
  const { containerClient } = await service.createContainer(name);
  for (const [path, body] of blobs) await containerClient.getBlockBlobClient(path).uploadData(body);
  const place = { ROLLCALL_CONTAINER: name, ROLLCALL_STORAGE: sandbox.storage.connectionString };
  return rollcallIn(sandbox, { ...place, ...settings }, rollcallHere);
}

function jwsOf({ tenantId, runId }: Manifest): string {
  return signaturePath(folderOf(tenantId, runId));
}

/** Replaces the latest manifest and the pointer to it, as whoever may write to the container can. */
function forge(blobs: Blobs): { readonly forged: Manifest; readonly bytes: Buffer } {
  const forged = { ...runs[2], warnings: ["forged: by a storage writer"] };
  const bytes = toBytes(forged);
  blobs.set(manifestPath(folderOf(forged.tenantId, forged.runId)), bytes);
  const pointer = latestPath(forged.tenantId);
  const latest = JSON.parse(blobs.get(pointer)?.toString() ?? "") as Latest;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  blobs.set(pointer, toBytes({ ...latest, sha256 }));
  return { forged, bytes };
}

/** A file with the public half of a version of the key. */
async function keyFile(of: Manifest, format: "pem" | "jwk" | "set"): Promise<string> {
  const jwk = publicJwk(of);
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
  const set = { keys: runs.filter(({ signature }) => signature).map(publicJwk) };
  const content = format === "pem" ? pem.toString() : JSON.stringify(format === "jwk" ? jwk : set);
  return write(content);
}

function publicJwk({ signature }: Manifest) {
  const kid = signature?.kid ?? "";
  const key = sandbox.tenant.vault.keys.find(KEY, kid.split("/").at(-1));
  assert.ok(key, kid);
  return { ...key.value.publicJwk, kid };
}

async function write(content: string): Promise<string> {
  const file = join(folder.path, `key-${++containers}`);
  await writeFile(file, content);
  return file;
}

/** The one snapshot that was verified, and with which exit code. */
async function verified(run: Run, exitCode: 0 | 1, ...args: readonly string[]): Promise<Verification> {
  const outcome = await run("verify", "--json", ...args);
  assert.equal(outcome.exitCode, exitCode, outcome.stdout + outcome.stderr);
  return JSON.parse(outcome.stdout) as Verification;
}

/** Asserts that the signature is the only thing that is wrong, and why. */
function assertMisSigned({ runId, signature, problems }: Verification, why: RegExp): void {
  const blob = jwsOf(runs.find((run) => run.runId === runId) ?? runs[2]);
  assert.deepEqual(
    problems.map((problem) => problem.blob),
    [blob],
    JSON.stringify(problems),
  );
  assert.match(problems[0]?.problem ?? "", why);
  if (signature?.state === "invalid") assert.equal(signature.why, problems[0]?.problem);
}

describe("rollcall verify", () => {
  it("checks the signature with the vault's key, and says who signed", async () => {
    const run = await changed();
    const { stdout } = await run("verify");
    const { alg, kid } = runs[2].signature ?? {};
    assert.match(stdout, /is whole/);
    assert.ok(stdout.includes(`    signed with ${alg} by\n    ${kid}\n`), stdout);
    const { signature, problems } = await verified(run, 0);
    assert.deepEqual(signature, { state: "valid", alg, kid });
    assert.deepEqual(problems, []);
  });

  it("takes the version that signed, whatever has been rotated since, and asks the vault for each once", async () => {
    const run = await changed();
    const reads = () =>
      sandbox.tenant.requests.filter(({ path, status }) => path.startsWith("/keys/") && status === 200)
        .length;
    const before = reads();
    const results = (await verified(run, 0, "--all")) as unknown as readonly Verification[];
    assert.deepEqual(
      results.map(({ signature }) => signature?.state),
      ["valid", "valid", "absent"],
    );
    assert.equal(reads() - before, 2);
  });

  for (const format of ["pem", "jwk", "set"] as const) {
    it(`takes the public key from a file: ${format}`, async () => {
      const run = await changed(undefined, WITHOUT_VAULT);
      const file = await keyFile(runs[1], format);
      const { signature } = await verified(run, 0, runs[1].runId, "--key", file, "--require-signature");
      assert.equal(signature?.state, "valid");
    });
  }

  it("says that the signature was not checked, where there is no key", async () => {
    const run = await changed(undefined, WITHOUT_VAULT);
    assert.match((await run("verify")).stdout, /is whole: .*\n {4}signature not checked/);
    const { signature } = await verified(run, 0);
    assert.deepEqual(signature, { state: "unchecked", ...runs[2].signature });
  });

  it("says that a snapshot is not signed, which is damage only where a signature is required", async () => {
    const run = await changed();
    assert.match((await run("verify", runs[0].runId)).stdout, /is whole: .*\n {4}not signed\n/);
    const found = await verified(run, 1, runs[0].runId, "--require-signature");
    assert.equal(found.signature?.state, "absent");
    assertMisSigned(found, /^the manifest is not signed, and a signature is required$/);
  });

  it("refuses to require a signature without a key to check it with", async () => {
    const run = await changed(undefined, WITHOUT_VAULT);
    const { exitCode, stderr } = await run("verify", "--require-signature");
    assert.equal(exitCode, 2);
    assert.match(stderr, /--require-signature needs --key FILE, or ROLLCALL_SIGNING_KEY_NAME/);
  });

  it("finds a latest run that was forged whole by its signature, and by nothing else", async () => {
    const run = await changed(forge);
    const unchecked = await changed(forge, WITHOUT_VAULT);
    assert.equal((await verified(unchecked, 0)).whole, true);
    assertMisSigned(await verified(run, 1), /^the signature does not fit the manifest's bytes and the key$/);
    const { stdout, stderr } = await run("verify");
    assert.match(stdout, /is damaged\n {4}wrongly signed\n/);
    assert.match(stderr, /manifest\.jws/);
  });

  it("finds a forged run that was signed with a key of the forger's own", async () => {
    const run = await changed((blobs) => {
      const { forged, bytes } = forge(blobs);
      blobs.set(jwsOf(forged), Buffer.from(localSigner().jws({ ...forged.signature }, bytes)));
    });
    assertMisSigned(await verified(run, 1), /does not fit/);
  });

  it("finds a run that another key signed than the one given", async () => {
    const run = await changed();
    const other = localSigner().publicKey.export({ format: "pem", type: "spki" }).toString();
    assertMisSigned(await verified(run, 1, "--key", await write(other)), /does not fit/);
    assertMisSigned(
      await verified(run, 1, "--key", await keyFile(runs[1], "jwk")),
      /^the key file has no key of the signature's kid$/,
    );
  });

  it("finds a signature that was taken away, cut or left behind, also without a key", async () => {
    for (const [change, why] of [
      [
        (blobs: Blobs) => void blobs.delete(jwsOf(runs[2])),
        /^the manifest says it is signed, and .* missing$/,
      ],
      [
        (blobs: Blobs) => void blobs.set(jwsOf(runs[2]), Buffer.from("eyJ..x")),
        /^manifest\.jws is no signature/,
      ],
      [
        (blobs: Blobs) => void blobs.set(jwsOf(runs[2]), Buffer.alloc(100_000)),
        /^manifest\.jws cannot be read/,
      ],
    ] as const) {
      for (const settings of [{}, WITHOUT_VAULT]) {
        const found = await verified(await changed(change, settings), 1);
        assert.equal(found.signature?.state, "invalid");
        assertMisSigned(found, why);
      }
    }
    const stray = await changed(
      (blobs) => void blobs.set(jwsOf(runs[0]), blobs.get(jwsOf(runs[1])) ?? Buffer.alloc(0)),
      WITHOUT_VAULT,
    );
    assertMisSigned(await verified(stray, 1, runs[0].runId), /the manifest says it is not signed$/);
  });

  it("fails where the key cannot be had: it does not take that for a yes", async () => {
    const run = await changed();
    const { privateKey } = localSigner();
    const secret = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    for (const file of [join(folder.path, "missing.pem"), await write("no key"), await write(secret)]) {
      const outcome = await run("verify", "--json", "--key", file);
      assert.deepEqual([outcome.exitCode, outcome.stdout], [1, ""]);
      assert.equal(failureOf(outcome).code, "verification-key-unusable");
      assert.ok(!outcome.stderr.includes(secret.split("\n")[1] ?? ""), outcome.stderr);
    }
    sandbox.tenant.vault.keys.roleAssigned = false;
    try {
      assert.equal(failureOf(await run("verify", "--json")).code, "verification-key-unusable");
    } finally {
      sandbox.tenant.vault.keys.roleAssigned = true;
    }
  });
});

describe("rollcall snapshot", () => {
  it("refuses to build on an unsigned snapshot where a signature is required, and --accept-unsigned lets it once", async () => {
    const place = { ROLLCALL_CONTAINER: "accept-unsigned" };
    const unsigned = await take({ ...place, ...WITHOUT_VAULT });
    const run = rollcallIn(sandbox, { ...place, ROLLCALL_REQUIRE_SIGNATURE: "on" }, rollcallHere);
    await delay(1000 - (Date.now() % 1000));
    const refused = await run("snapshot", "--json");
    assert.deepEqual([refused.exitCode, failureOf(refused).code], [1, "predecessor-unsigned"]);
    const accepted = jsonOf(await run("snapshot", "--json", "--accept-unsigned")) as Manifest;
    assert.equal(accepted.previous?.runId, unsigned.runId);
    assert.match(accepted.warnings.join(), /^unsigned-accepted: /);
    assert.ok(accepted.signature);
  });
});

describe("rollcall show", () => {
  it("names the key that the manifest says it is signed with", async () => {
    const run = await changed();
    const { stdout } = await run("show");
    assert.match(stdout, new RegExp(`^ {2}signature +ES256 by\\n +${runs[2].signature?.kid}$`, "m"));
    assert.match((await run("show", runs[0].runId)).stdout, /^ {2}signature +none$/m);
  });
});

describe("the library", () => {
  it("checks a signature with a public key from a file", async () => {
    await changed();
    const container = `changed-${containers}`;
    const snapshots = await openSnapshots({ storage: sandbox.storage.connectionString, container });
    const keys = await readPublicKeys(await keyFile(runs[2], "pem"));
    const latest = await snapshots.latest();
    assert.equal((await latest.verify({ keys, requireSignature: true })).signature?.state, "valid");
    const { whole, signature } = await snapshots.verify(runs[1].runId, { keys });
    assert.deepEqual([whole, signature?.state], [false, "invalid"]);
    assert.equal((await latest.verify({ requireSignature: true })).whole, false);
    assert.equal((await latest.verify()).whole, true);
  });
});
