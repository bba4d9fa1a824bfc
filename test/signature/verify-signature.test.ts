import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import type { SignatureEntry } from "../../src/signature/jws.ts";
import { parsePublicKeys } from "../../src/signature/public-keys.ts";
import { type SignedManifest, verifySignature } from "../../src/signature/verify-signature.ts";
import { encode, entryOf, type LocalSigner, localSigner } from "../support/local-signer.ts";

const manifest = Buffer.from('{"schema":"rollcall.snapshot/2","users":"Zoë"}\n');
const entry = entryOf();
const signer = localSigner();

/** Finds a manifest signed by `signer`, but for what is changed. */
function check(changes: Partial<Omit<SignedManifest, "jws">> & { jws?: string }, by = signer) {
  const jws = changes.jws ?? signer.jws({ ...entry }, manifest);
  return verifySignature({ manifest, entry, ...changes, jws: Buffer.from(jws) }, keysOf(by));
}

function keysOf({ publicKey }: LocalSigner) {
  return parsePublicKeys(Buffer.from(publicKey.export({ type: "spki", format: "pem" })), "reading");
}

async function whyInvalid(changes: Parameters<typeof check>[0], by = signer): Promise<string> {
  const finding = await check(changes, by);
  return finding.state === "invalid" ? finding.why : assert.fail(`it is ${finding.state}`);
}

/** The signer's JWS with another signature. */
function withSignature(signature: Buffer): string {
  return `${encode(JSON.stringify(entry))}..${signature.toString("base64url")}`;
}

/** DER of R and S, as OpenSSL and most libraries have it. */
function derOf(raw: Buffer): Buffer {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((bytes) => {
    const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
    return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
  });
  const body = Buffer.concat(numbers);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

describe("a manifest's signature", () => {
  it("is valid over the very bytes, by ES256 and by PS256", async () => {
    assert.deepEqual(await check({}), { state: "valid", ...entry });
    const rsa = localSigner("RSA");
    const by = entryOf("PS256");
    assert.deepEqual(await check({ entry: by, jws: rsa.jws({ ...by }, manifest) }, rsa), {
      state: "valid",
      ...by,
    });
  });

  it("is absent where there is none and none is claimed, as in version 1", async () => {
    for (const claimed of [null, undefined]) {
      const finding = await verifySignature({ manifest, entry: claimed, jws: undefined }, keysOf(signer));
      assert.deepEqual(finding, { state: "absent" });
    }
  });

  it("is invalid where it is claimed and missing, or there and not claimed", async () => {
    const missing = await verifySignature({ manifest, entry, jws: undefined }, keysOf(signer));
    assert.deepEqual(missing, {
      state: "invalid",
      why: "the manifest says it is signed, and manifest.jws is missing",
    });
    assert.match(await whyInvalid({ entry: null }), /the manifest says it is not signed/);
    assert.match(await whyInvalid({ entry: undefined }), /the manifest says it is not signed/);
  });

  it("is invalid when a single bit of the manifest is another", async () => {
    for (const at of [0, 17, manifest.length - 1]) {
      const changed = Buffer.from(manifest);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.match(await whyInvalid({ manifest: changed }), /does not fit/);
    }
    const longer = Buffer.concat([manifest, Buffer.from(" ")]);
    assert.match(await whyInvalid({ manifest: longer }), /does not fit/);
  });

  it("is invalid when another key made it", async () => {
    assert.match(await whyInvalid({}, localSigner()), /does not fit/);
  });

  it("is invalid with another kid than the manifest's", async () => {
    const other = entryOf("ES256", "1".repeat(32));
    assert.match(await whyInvalid({ entry: other }), /another algorithm or key than the manifest/);
    const moved = signer.jws({ ...other }, manifest);
    assert.match(await whyInvalid({ jws: moved }), /another algorithm or key than the manifest/);
    // The header is signed: a swapped kid in both places does not fit either.
    const [, signature] = signer.jws({ ...entry }, manifest).split("..");
    const swapped = `${encode(JSON.stringify(other))}..${signature}`;
    assert.match(await whyInvalid({ entry: other, jws: swapped }), /does not fit/);
    const wrongAlgorithm: SignatureEntry = { ...entry, alg: "PS256" };
    assert.match(await whyInvalid({ entry: wrongAlgorithm }), /another algorithm or key than the manifest/);
  });

  it("is invalid by an algorithm that is not the key's", async () => {
    const claimed = entryOf("PS256");
    const jws = signer.jws({ ...claimed }, manifest);
    assert.match(await whyInvalid({ entry: claimed, jws }), /PS256, is not the one of the key/);
    const rsa = localSigner("RSA");
    assert.match(
      await whyInvalid({ jws: rsa.jws({ ...entry }, manifest) }, rsa),
      /ES256, is not the one of the key/,
    );
  });

  it("is invalid with alg none, and by HS256 with the public key for a secret", async () => {
    const none = `${encode(JSON.stringify({ ...entry, alg: "none" }))}..`;
    assert.match(await whyInvalid({ jws: none }), /canonical/);
    assert.match(await whyInvalid({ jws: `${none}AA` }), /neither ES256 nor PS256/);
    const header = encode(JSON.stringify({ ...entry, alg: "HS256" }));
    for (const secret of [
      signer.publicKey.export({ type: "spki", format: "pem" }),
      signer.publicKey.export({ type: "spki", format: "der" }),
    ]) {
      const mac = createHmac("sha256", secret)
        .update(`${header}.${encode(manifest.toString())}`)
        .digest();
      const jws = `${header}..${mac.toString("base64url")}`;
      assert.match(await whyInvalid({ jws }), /neither ES256 nor PS256/);
    }
  });

  it("is invalid in DER instead of R and S", async () => {
    const raw = signer.sign(`${encode(JSON.stringify(entry))}.${manifest.toString("base64url")}`);
    assert.equal((await check({ jws: withSignature(raw) })).state, "valid");
    assert.match(await whyInvalid({ jws: withSignature(derOf(raw)) }), /does not fit/);
  });

  it("is invalid of zeros, of small numbers, of the group's order, and of any other length", async () => {
    const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
    const zero = Buffer.alloc(32);
    const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)]);
    for (const r of [zero, one, order]) {
      for (const s of [zero, one, order]) {
        assert.match(await whyInvalid({ jws: withSignature(Buffer.concat([r, s])) }), /does not fit/);
      }
    }
    for (const length of [1, 63, 65, 128]) {
      assert.match(await whyInvalid({ jws: withSignature(Buffer.alloc(length, 9)) }), /does not fit/);
    }
    const rsa = localSigner("RSA");
    const by = entryOf("PS256");
    for (const length of [1, 64, 256, 257]) {
      const signature = Buffer.alloc(length).toString("base64url");
      const jws = `${encode(JSON.stringify(by))}..${signature}`;
      assert.match(await whyInvalid({ entry: by, jws }, rsa), /does not fit/);
    }
  });

  it("is invalid of another manifest with the same key", async () => {
    const older = signer.jws({ ...entry }, Buffer.from("{}"));
    assert.match(await whyInvalid({ jws: older }), /does not fit/);
  });

  it("is invalid when it is huge or no JWS at all", async () => {
    for (const jws of ["", "{}", "no signature", "A".repeat(5_000_000)]) {
      assert.match(await whyInvalid({ jws }), /^manifest\.jws is no signature of Rollcall's: /);
    }
  });
});
