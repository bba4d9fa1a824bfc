import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { RollcallError } from "../../src/error.ts";
import { issueCertificate } from "../../src/sandbox/service/certificate.ts";
import { type PublicKeys, parsePublicKeys, readKeyFile } from "../../src/signature/public-keys.ts";
import { entryOf, localSigner } from "../support/local-signer.ts";

const { kid } = entryOf();
const signer = localSigner();
const jwk = signer.publicKey.export({ format: "jwk" });
const pem = String(signer.publicKey.export({ type: "spki", format: "pem" }));

function parse(content: string | object): PublicKeys {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return parsePublicKeys(Buffer.from(text), "reading the public key key.pem");
}

/** Asserts that a file is refused in these words, and that nothing of it is told. */
function refuses(content: string | object, words: RegExp): void {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  assert.throws(
    () => parse(content),
    (error) => {
      assert.ok(error instanceof RollcallError, inspect(error));
      assert.equal(error.code, "verification-key-unusable");
      assert.match(error.problem, words);
      const told = inspect(error, { depth: 8 }) + JSON.stringify(error) + error.stack;
      for (const piece of text.match(/[A-Za-z0-9+/_-]{24,}/g) ?? []) assert.ok(!told.includes(piece), told);
      return true;
    },
  );
}

describe("the public keys of a file", () => {
  it("are had from PEM, whatever the kid", async () => {
    assert.deepEqual(await parse(pem).find(kid), jwk);
    const rsa = localSigner("RSA").publicKey;
    const wanted = rsa.export({ format: "jwk" });
    for (const type of ["spki", "pkcs1"] as const) {
      assert.deepEqual(await parse(String(rsa.export({ type, format: "pem" }))).find(kid), wanted);
    }
  });

  it("are had from a certificate", async () => {
    const { certificatePem } = await issueCertificate({ commonName: "signer", days: 1 });
    const found = await parse(certificatePem).find(kid);
    assert.ok("kty" in found && found.kty === "RSA");
  });

  it("are had from a JWK without a kid, or with the right one", async () => {
    assert.deepEqual(await parse(jwk).find(kid), jwk);
    assert.deepEqual(await parse({ ...jwk, kid, alg: "ES256", use: "sig" }).find(kid), jwk);
    assert.deepEqual(await parse({ ...jwk, kid: "another" }).find(kid), {
      problem: "the key file has no key of the signature's kid",
    });
  });

  it("are had from a JWK as Key Vault gives it, HSM or not", async () => {
    assert.deepEqual(await parse({ ...jwk, kid, kty: "EC-HSM", key_ops: ["sign", "verify"] }).find(kid), jwk);
  });

  it("are chosen from a set by kid", async () => {
    const other = localSigner().publicKey.export({ format: "jwk" });
    const set = {
      keys: [
        { ...other, kid: "another" },
        { ...jwk, kid },
      ],
    };
    assert.deepEqual(await parse(set).find(kid), jwk);
    assert.ok("problem" in (await parse({ keys: [other, jwk] }).find(kid)), "two without a kid");
    const twice = {
      keys: [
        { ...other, kid },
        { ...jwk, kid },
      ],
    };
    assert.deepEqual(await parse(twice).find(kid), {
      problem: "the key file has several keys of the signature's kid",
    });
    assert.deepEqual(await parse({ keys: [jwk] }).find(kid), jwk, "the only one");
  });

  it("are refused with a private key among them, of which nothing is told", () => {
    const ofSigner = signer.privateKey;
    refuses(String(ofSigner.export({ type: "pkcs8", format: "pem" })), /private or secret key/);
    refuses(String(ofSigner.export({ type: "sec1", format: "pem" })), /private or secret key/);
    refuses(`${pem}${ofSigner.export({ type: "pkcs8", format: "pem" })}`, /private or secret key/);
    refuses(ofSigner.export({ format: "jwk" }), /private or secret key/);
    refuses({ keys: [{ ...jwk, kid }, ofSigner.export({ format: "jwk" })] }, /private or secret key/);
    refuses(localSigner("RSA").privateKey.export({ format: "jwk" }), /private or secret key/);
    refuses({ kty: "oct", k: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" }, /private or secret key/);
    const locked = String(
      ofSigner.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }),
    );
    refuses(locked, /private or secret key/);
  });

  it("are refused of other kinds, by name", () => {
    const spki = { type: "spki", format: "pem" } as const;
    refuses(String(localSigner("P-384").publicKey.export(spki)), /is of kind EC P-384/);
    refuses(String(localSigner("short RSA").publicKey.export(spki)), /is of kind RSA 1024/);
    refuses(String(generateKeyPairSync("ed25519").publicKey.export(spki)), /is of kind ed25519/);
    refuses(generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }), /EC or RSA/);
  });

  it("are refused when a JWK is for something else", () => {
    refuses({ ...jwk, alg: "ES384" }, /another algorithm/);
    refuses({ ...jwk, use: "enc" }, /not a public key/);
    refuses({ ...jwk, y: jwk.x }, /cannot be read/);
  });

  it("are refused when the file is something else", () => {
    refuses("", /neither PEM nor/);
    refuses("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2U1aFf", /neither PEM nor/);
    refuses({ keys: [] }, /not a public key/);
    refuses([], /neither PEM nor/);
    refuses(`${pem}${pem}`, /several PEM blocks/);
    refuses(
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\nmDMEZ\n-----END PGP PUBLIC KEY BLOCK-----",
      /neither a public/,
    );
    refuses(
      "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----",
      /cannot be read/,
    );
    refuses("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", /cannot be read/);
  });

  it("are read from a path", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "rollcall-key-"));
    const path = join(folder.path, "key.pem");
    await writeFile(path, pem);
    assert.deepEqual(await (await readKeyFile(path)).find(kid), jwk);
    await writeFile(path, "x".repeat(2 ** 20 + 1));
    await assert.rejects(readKeyFile(path), {
      code: "verification-key-unusable",
      problem: /larger than 1 MiB/,
    });
    await assert.rejects(readKeyFile(join(folder.path, "none.pem")), {
      code: "verification-key-unusable",
      problem: /cannot be read \(ENOENT\)/,
    });
    await assert.rejects(readKeyFile(folder.path), {
      code: "verification-key-unusable",
      problem: /cannot be read \(EISDIR\)/,
    });
  });
});
