import assert from "node:assert/strict";
import { mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { keptSigningKey } from "../../src/sandbox/vault/kept-key.ts";
import { KeyRing } from "../../src/sandbox/vault/key-ring.ts";

describe("the signing key that npm run sandbox keeps", () => {
  it("is the same version of the same key after each start", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-kept-key-"));
    const file = join(folder.path, "vault", "manifest-key.pem");
    const start = async () => {
      const keys = new KeyRing();
      const version = keys.import("manifest-key", await keptSigningKey(file));
      return keys.find("manifest-key", version);
    };
    const first = await start();
    const second = await start();
    assert.match(first?.version ?? "", /^[0-9a-f]{32}$/);
    assert.equal(second?.version, first?.version);
    assert.deepEqual(second?.value.publicJwk, first?.value.publicJwk);
    assert.equal((await stat(file)).mode & 0o077, 0);
  });
});
