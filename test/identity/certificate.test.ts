import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { ConfidentialClientApplication } from "@azure/msal-node";
import forge from "node-forge";
import { CertificateError, type CertificateKey, readCertificate } from "../../src/identity/certificate.ts";
import { pemFixture, pfxFixture } from "../support/fixture.ts";

const PEM = "application/x-pem-file";
const PKCS12 = "application/x-pkcs12";

const leafKey = pemFixture("leaf.key");
const leaf = pemFixture("leaf.pem");
const intermediate = pemFixture("intermediate.pem");
const root = pemFixture("root.pem");
const underEc = pemFixture("under-ec.pem");
const ecKey = pemFixture("ec.key");
const ec = pemFixture("ec.pem");

/** From `openssl x509 -in leaf.pem -noout -fingerprint -sha256 -enddate`. */
const LEAF_SHA256 = "376ec130dc5e48dd644a55467fe4045e3a1fb9d83e32a95e9001f1b4f97ab0ba";
const LEAF_END = "2126-10-29T17:24:19.000Z";

/** DER of each certificate, to compare them whatever their line breaks. */
function certificatesIn(pem: string): string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(([block]) =>
    new X509Certificate(block).raw.toString("base64"),
  );
}

function assertLeaf(read: CertificateKey, chain: readonly string[] = [leaf]): void {
  assert.equal(read.thumbprintSha256, LEAF_SHA256);
  assert.equal(read.expiresOn.toISOString(), LEAF_END);
  assert.deepEqual(certificatesIn(read.x5c), certificatesIn(chain.join("")));
  assert.match(read.privateKey, /^-----BEGIN PRIVATE KEY-----\n/);
  assert.ok(createPrivateKey(read.privateKey).equals(createPrivateKey(leafKey)));
}

/** Asserts the refusal, and that nothing that could reach a log holds any of the value. */
async function assertRefused(value: string, contentType: string | undefined, words: RegExp): Promise<void> {
  await assert.rejects(readCertificate(value, contentType), (error) => {
    assert.ok(error instanceof CertificateError, String(error));
    assert.match(error.message, words);
    assert.equal(error.cause, undefined);
    const options = { depth: Number.POSITIVE_INFINITY, showHidden: true };
    const seen = [error.message, String(error.stack), JSON.stringify(error), inspect(error, options)].join(
      "\n",
    );
    for (const text of [value, leafKey, ecKey]) {
      const body = text.replaceAll(/-----[^-]+-----|\s/g, "");
      for (let at = 0; at + 12 <= body.length; at += 6) {
        assert.ok(!seen.includes(body.slice(at, at + 12)), "a part of the value is seen");
      }
    }
    return true;
  });
}

describe("readCertificate", () => {
  describe("from PEM", () => {
    it("reads the key before the certificate", async () => {
      assertLeaf(await readCertificate(leafKey + leaf, PEM));
    });

    it("reads the key behind the certificate", async () => {
      assertLeaf(await readCertificate(leaf + leafKey, PEM));
    });

    it("reads a key in the older RSA form", async () => {
      const pkcs1 = createPrivateKey(leafKey).export({ type: "pkcs1", format: "pem" });
      assert.match(pkcs1.toString(), /BEGIN RSA PRIVATE KEY/);
      assertLeaf(await readCertificate(pkcs1 + leaf, PEM));
    });

    it("puts the key's own certificate before its chain, wherever it stands", async () => {
      assertLeaf(await readCertificate(leafKey + leaf + intermediate + root, PEM), [
        leaf,
        intermediate,
        root,
      ]);
      assertLeaf(await readCertificate(intermediate + root + leafKey + leaf, PEM), [
        leaf,
        intermediate,
        root,
      ]);
    });

    it("reads lines that end as on Windows", async () => {
      const text = (leafKey + leaf + intermediate).replaceAll("\n", "\r\n");
      assertLeaf(await readCertificate(text, PEM), [leaf, intermediate]);
    });

    it("reads over OpenSSL's remarks between the blocks", async () => {
      const text = pemFixture("bag-attributes.pem");
      assert.match(text, /^Bag Attributes$/m);
      assertLeaf(await readCertificate(text, PEM), [leaf, intermediate, root]);
    });

    it("does without the content type", async () => {
      assertLeaf(await readCertificate(leafKey + leaf, undefined));
    });

    it("takes PEM for PEM whatever the content type says", async () => {
      assertLeaf(await readCertificate(leafKey + leaf, PKCS12));
    });

    it("reads an RSA key whose issuer has an EC key", async () => {
      const read = await readCertificate(ec + leafKey + underEc, PEM);
      assert.deepEqual(certificatesIn(read.x5c), certificatesIn(underEc + ec));
    });

    it("refuses a certificate without a private key", async () => {
      await assertRefused(leaf + intermediate, PEM, /holds no private key .*exported/);
    });

    it("refuses a private key without its certificate", async () => {
      await assertRefused(leafKey + root, PEM, /holds no certificate that belongs to its private key/);
      await assertRefused(leafKey + ec, PEM, /holds no certificate that belongs to its private key/);
      await assertRefused(leafKey, PEM, /holds no certificate that belongs to its private key/);
    });

    it("refuses an EC key", async () => {
      await assertRefused(ecKey + ec, PEM, /key is of type ec; Entra accepts RSA only/);
    });

    it("refuses a key with a password", async () => {
      const encrypted = createPrivateKey(leafKey).export({
        type: "pkcs8",
        format: "pem",
        cipher: "aes-256-cbc",
        passphrase: "not-empty",
      });
      await assertRefused(encrypted + leaf, PEM, /not readable as PEM without a password/);
    });

    it("refuses a key that is cut", async () => {
      const lines = leafKey.split("\n");
      await assertRefused(lines.toSpliced(5, 9).join("\n") + leaf, PEM, /not readable as PEM/);
    });

    it("refuses a key whose end is missing", async () => {
      await assertRefused(leaf + leafKey.slice(0, -40), PEM, /holds no private key/);
    });

    it("refuses a certificate that is cut", async () => {
      const lines = leaf.split("\n");
      await assertRefused(leafKey + lines.toSpliced(5, 9).join("\n"), PEM, /not readable as PEM/);
    });

    it("refuses text that is no PEM", async () => {
      await assertRefused("Zz8Q~zzSecretValue_zz.zz-zz", PEM, /holds no private key/);
    });
  });

  describe("from PKCS#12", () => {
    for (const [name, what] of [
      ["modern.pfx", "PBES2 with AES-256 and a SHA-256 MAC"],
      ["legacy-rc2.pfx", "RC2-40, 3DES and a SHA-1 MAC"],
      ["triple-des.pfx", "3DES and a SHA-1 MAC"],
      ["unencrypted.pfx", "bags that are not encrypted"],
      ["no-mac.pfx", "no MAC"],
    ] as const) {
      it(`reads ${what}`, async () => {
        assertLeaf(await readCertificate(pfxFixture(name), PKCS12));
      });
    }

    it("reads one whose MAC is made with no password at all rather than an empty one", async () => {
      const asn1 = forge.pkcs12.toPkcs12Asn1(
        forge.pki.privateKeyFromPem(leafKey),
        forge.pki.certificateFromPem(leaf),
        // The types allow `null` for this, which would leave the MAC out.
        undefined as unknown as string,
        { algorithm: "3des" },
      );
      assert.throws(() => forge.pkcs12.pkcs12FromAsn1(asn1, false, ""));
      const value = forge.util.encode64(forge.asn1.toDer(asn1).getBytes());
      assertLeaf(await readCertificate(value, PKCS12));
    });

    it("puts the key's own certificate before its chain", async () => {
      assertLeaf(await readCertificate(pfxFixture("with-chain.pfx"), PKCS12), [leaf, intermediate, root]);
    });

    it("reads an RSA key whose issuer has an EC key", async () => {
      const read = await readCertificate(pfxFixture("with-ec-chain.pfx"), PKCS12);
      assert.deepEqual(certificatesIn(read.x5c), certificatesIn(underEc + ec));
    });

    it("does without the content type", async () => {
      assertLeaf(await readCertificate(pfxFixture("modern.pfx"), undefined));
    });

    it("reads base64 that is broken into lines", async () => {
      const value = pfxFixture("modern.pfx").replaceAll(/.{76}/g, "$&\r\n");
      assertLeaf(await readCertificate(value, PKCS12));
    });

    it("refuses one with a password", async () => {
      await assertRefused(
        pfxFixture("with-password.pfx"),
        PKCS12,
        /not readable as PKCS#12 without a password/,
      );
    });

    it("refuses one without a private key", async () => {
      await assertRefused(pfxFixture("without-key.pfx"), PKCS12, /holds no private key .*exported/);
    });

    it("refuses one without a certificate", async () => {
      await assertRefused(
        pfxFixture("without-certificate.pfx"),
        PKCS12,
        /holds no certificate that belongs to its private key/,
      );
    });

    it("refuses an EC key", async () => {
      await assertRefused(pfxFixture("ec.pfx"), PKCS12, /key is of type ec; Entra accepts RSA only/);
    });

    it("refuses one that is cut", async () => {
      for (const length of [1, 40, 1000, 2700]) {
        await assertRefused(pfxFixture("modern.pfx").slice(0, length), PKCS12, /not readable as PKCS#12/);
      }
    });

    it("refuses one that is spoilt", async () => {
      const bytes = Buffer.from(pfxFixture("modern.pfx"), "base64");
      bytes[400] = (bytes[400] ?? 0) ^ 0xff;
      await assertRefused(bytes.toString("base64"), PKCS12, /not readable as PKCS#12/);
    });

    it("refuses what is none", async () => {
      for (const value of [
        "",
        "Zz8Q~zzSecretValue_zz.zz-zz",
        "<html></html>",
        "AAAA",
        leafKey.slice(28, 800),
      ]) {
        await assertRefused(value, PKCS12, /not readable as PKCS#12/);
        await assertRefused(value, undefined, /not readable as PKCS#12/);
      }
    });
  });

  it("gives what MSAL takes", async () => {
    for (const value of [leafKey + leaf + intermediate + root, pfxFixture("with-chain.pfx")]) {
      const { expiresOn: _, ...clientCertificate } = await readCertificate(value, undefined);
      const app = new ConfidentialClientApplication({
        auth: {
          clientId: "6731de76-14a6-49ae-97bc-6eba6914391e",
          authority: "https://login.microsoftonline.com/87d349ed-44d7-43e1-9a83-5f2406dee5bd",
          clientCertificate,
        },
      });
      assert.ok(app);
    }
  });
});
