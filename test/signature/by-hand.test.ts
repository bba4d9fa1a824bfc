import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { appendFile, copyFile, cp, mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { KeyKind } from "../../src/sandbox/vault/key-ring.ts";
import { openSigningKey } from "../../src/signature/signing-key.ts";
import { openTenant } from "../sandbox/caller.ts";
import { VERSION_1_SNAPSHOTS } from "../support/stored-folder.ts";
import { identityOf, runContext } from "../support/vault-caller.ts";

const run = promisify(execFile);
const RUN_FOLDER = join(
  VERSION_1_SNAPSHOTS,
  "tenant=5a4b0f1e-1111-4222-8333-0000000000a1/date=2026-11-22/run=20261122T020000Z",
);
const DOCUMENT = await readFile(new URL("../../docs/verify.md", import.meta.url), "utf8");
const [PREPARE = "", CLAIMED = "", ES256 = "", PS256 = "", HASHES = ""] = blocks("sh");
const [WITH_JOSE = ""] = blocks("js");

/** The document's blocks of a language, in their order. */
function blocks(language: string): readonly string[] {
  return [...DOCUMENT.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, code = ""]) => code,
  );
}

/** A folder with a real run's blobs, its manifest signed by a new key of the sandbox's vault. */
async function signedFolder(kind: KeyKind): Promise<{ path: string; kid: string } & AsyncDisposable> {
  await using tenant = await openTenant();
  const version = tenant.vault.keys.create("manifest-key", kind);
  const key = await openSigningKey(tenant.vault.origin, "manifest-key", identityOf(tenant), runContext());
  const folder = await mkdtempDisposable(join(tmpdir(), "rollcall-signed-"));
  for (const name of await readdir(RUN_FOLDER))
    await copyFile(join(RUN_FOLDER, name), join(folder.path, name));
  const manifest = { ...JSON.parse(await readFile(join(RUN_FOLDER, "manifest.json"), "utf8")) };
  const bytes = Buffer.from(JSON.stringify({ ...manifest, signature: key.entry }));
  const jwk = tenant.vault.keys.find("manifest-key", version)?.value.publicJwk ?? {};
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  await writeFile(join(folder.path, "manifest.json"), bytes);
  await writeFile(join(folder.path, "manifest.jws"), await key.sign(bytes));
  await writeFile(join(folder.path, "key.pem"), pem);
  return { path: folder.path, kid: key.entry.kid, [Symbol.asyncDispose]: () => folder.remove() };
}

/** The tests are not worth an installation on a machine that lacks one of these. */
const MISSING = await Promise.all(["bash", "openssl", "jq", "sha256sum"].map(isMissing));

async function isMissing(tool: string): Promise<boolean> {
  return run("which", [tool]).then(
    () => false,
    () => true,
  );
}

async function shell(cwd: string, ...commands: readonly string[]): Promise<string> {
  const script = ["set -euo pipefail", ...commands].join("\n");
  return (await run("bash", ["-c", script], { cwd })).stdout;
}

const skip = MISSING.includes(true) && "needs bash, openssl, jq and sha256sum";

describe("the commands of docs/verify.md", { skip }, () => {
  for (const [kind, alg, check] of [
    [{ kty: "EC", curve: "P-256" }, "ES256", ES256],
    [{ kty: "RSA", bits: 3072 }, "PS256", PS256],
  ] as const) {
    it(`verify what a vault signed by ${alg}, and find a changed byte`, async () => {
      await using folder = await signedFolder(kind);
      const printed = await shell(folder.path, PREPARE, CLAIMED, check);
      const header = JSON.stringify({ alg, kid: folder.kid });
      assert.equal(printed, `${header}\n${header}\nVerified OK\n`);
      await appendFile(join(folder.path, "manifest.json"), " ");
      await assert.rejects(shell(folder.path, PREPARE, check), { stdout: /Verification failure/i });
    });

    it(`verify ${alg} with jose, too`, async () => {
      await using folder = await signedFolder(kind);
      const modules = fileURLToPath(new URL("../../node_modules/jose", import.meta.url));
      await cp(modules, join(folder.path, "node_modules/jose"), { recursive: true });
      const file = join(folder.path, "verify.mjs");
      await writeFile(file, WITH_JOSE.replace('"ES256"', `"${alg}"`));
      const { stdout } = await run(process.execPath, [file], { cwd: folder.path });
      assert.equal(stdout, `Verified OK ${folder.kid}\n`);
      await appendFile(join(folder.path, "manifest.json"), " ");
      await assert.rejects(run(process.execPath, [file], { cwd: folder.path }), {
        stderr: /signature verification failed/,
      });
    });
  }

  it("hold all parts to the manifest's hashes", async () => {
    await using folder = await signedFolder({ kty: "EC", curve: "P-256" });
    const listed = (await shell(folder.path, HASHES)).trimEnd().split("\n").sort();
    const parts = (await readdir(RUN_FOLDER)).filter((name) => name !== "manifest.json");
    assert.deepEqual(listed, parts.map((name) => `${name}: OK`).sort());
    await appendFile(join(folder.path, "users-00000.csv"), "x");
    await assert.rejects(shell(folder.path, HASHES), { stdout: /users-00000\.csv: FAILED/ });
  });
});
