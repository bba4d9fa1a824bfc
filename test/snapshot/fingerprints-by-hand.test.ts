import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";

const run = promisify(execFile);
const DOCUMENT = await readFile(new URL("../../docs/format.md", import.meta.url), "utf8");
const [, RECIPE = ""] = /\n## Fingerprints\n[\s\S]*?\n```js\n([\s\S]*?)\n```\n/.exec(DOCUMENT) ?? [];

/** A folder with all blobs of a real run, of several parts of each kind. */
async function folderOfRun(): Promise<
  { readonly path: string; readonly manifest: Manifest } & AsyncDisposable
> {
  await using storage = await startSharedStorage();
  await using rig = await startRig(storage, { users: 2300 });
  const manifest = await rig.run({ run: { maxPartBytes: 20_000 } });
  const { path, remove } = await mkdtempDisposable(join(tmpdir(), "rollcall-fingerprints-"));
  for (const name of await rig.blobs()) {
    if (!name.includes(`run=${manifest.runId}/`)) continue;
    await writeFile(join(path, basename(name)), await rig.container.getBlobClient(name).downloadToBuffer());
  }
  return { path, manifest, [Symbol.asyncDispose]: remove };
}

describe("the recipe for fingerprints in docs/format.md", () => {
  it("gives those of a run, with nothing but Node's own modules, and tells others apart", async () => {
    const imported = [...RECIPE.matchAll(/from "([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(imported, ["node:crypto", "node:fs", "node:zlib"]);
    await using folder = await folderOfRun();
    const { parts, fingerprints = [] } = folder.manifest;
    assert.ok(parts.length > 1 && fingerprints.length > 1);
    await writeFile(join(folder.path, "recipe.mjs"), RECIPE);
    const recipe = () => run(process.execPath, ["recipe.mjs"], { cwd: folder.path });
    assert.equal((await recipe()).stdout, "the same\n");
    const blob = join(folder.path, fingerprints[1]?.name ?? "");
    const bytes = await readFile(blob);
    bytes.writeUint8(bytes.readUint8(17) ^ 1, 17);
    await writeFile(blob, bytes);
    assert.equal((await recipe()).stdout, "other fingerprints\n");
  });
});
