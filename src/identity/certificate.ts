import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** A certificate with its private key, ready for MSAL. */
export interface CertificateKey {
  /** PKCS#8 PEM. Secret. */
  readonly privateKey: string;
  /** Lower-case hex SHA-256 of the certificate's DER, without colons. */
  readonly thumbprintSha256: string;
  /** PEM of the certificate and, behind it, of the chain that came with it. */
  readonly x5c: string;
  readonly expiresOn: Date;
}

/** Why a Key Vault value is no usable certificate. The message never holds any of the value. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/**
 * Reads the value of a Key Vault certificate's secret.
 *
 * @param value PEM text (`application/x-pem-file`) or base64 PKCS#12 without password (`application/x-pkcs12`)
 * @param contentType as Key Vault gives it; when absent the value itself tells which it is
 * @throws {CertificateError} naming what is missing or unreadable
 * @see https://learn.microsoft.com/azure/key-vault/certificates/about-certificates
 */
export async function readCertificate(
  value: string,
  contentType: string | undefined,
): Promise<CertificateKey> {
  const isPem = contentType === "application/x-pem-file" || value.includes("-----BEGIN ");
  const { keys, certificates } = isPem ? readPem(value) : await readPkcs12(value);
  const [key] = keys;
  if (!key) {
    throw new CertificateError("it holds no private key (its policy must allow the key to be exported)");
  }
  // Entra verifies app assertions with RSA only: PS256 or RS256
  // (https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
  if (key.asymmetricKeyType !== "rsa") {
    throw new CertificateError(`its key is of type ${key.asymmetricKeyType}; Entra accepts RSA only`);
  }
  const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (!leaf) throw new CertificateError("it holds no certificate that belongs to its private key");
  const chain = [leaf, ...certificates.filter((certificate) => certificate !== leaf)];
  return {
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    thumbprintSha256: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    x5c: chain.map((certificate) => certificate.toString()).join(""),
    expiresOn: leaf.validToDate,
  };
}

interface KeysAndCertificates {
  readonly keys: readonly KeyObject[];
  readonly certificates: readonly X509Certificate[];
}

function readPem(text: string): KeysAndCertificates {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g)];
  const labelled = (label: RegExp) =>
    blocks.filter((block) => label.test(block[1] ?? "")).map((block) => block[0]);
  return decode("PEM", () => ({
    keys: labelled(/PRIVATE KEY$/).map((pem) => createPrivateKey(pem)),
    certificates: labelled(/^(TRUSTED )?CERTIFICATE$/).map((pem) => new X509Certificate(pem)),
  }));
}

/**
 * Node reads PKCS#12 into a TLS context but gives the key to nobody, and refuses the RC2 of older exports; forge does
 * both. Loaded only when such a value turns up.
 */
async function readPkcs12(base64: string): Promise<KeysAndCertificates> {
  const { default: forge } = await import("node-forge");
  return decode("PKCS#12", () => {
    const asn1 = forge.asn1.fromDer(forge.util.decode64(base64));
    const pfx = openWithoutPassword((password) => forge.pkcs12.pkcs12FromAsn1(asn1, false, password));
    const bags = (type: string) => pfx.getBags({ bagType: type })[type] ?? [];
    const { oids } = forge.pki;
    const keyBags = [...bags(oids.pkcs8ShroudedKeyBag ?? ""), ...bags(oids.keyBag ?? "")];
    const der = (node: Parameters<typeof forge.asn1.toDer>[0]) =>
      Buffer.from(forge.asn1.toDer(node).getBytes(), "binary");
    return {
      keys: keyBags.map((bag) =>
        bag.key
          ? createPrivateKey(forge.pki.privateKeyToPem(bag.key))
          : createPrivateKey({ key: der(bag.asn1), format: "der", type: "pkcs8" }),
      ),
      certificates: bags(oids.certBag ?? "").map(
        (bag) => new X509Certificate(der(bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1)),
      ),
    };
  });
}

/** "Without password" is the empty one for most producers and a missing one for some Key Vault exports. */
function openWithoutPassword<T>(open: (password: string | undefined) => T): T {
  try {
    return open("");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return open(undefined);
  }
}

function decode<T>(format: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Neither the message nor the cause is kept: a parser may quote what it could not read, and that is a key.
    if (error instanceof Error)
      throw new CertificateError(`it is not readable as ${format} without a password`);
    throw error;
  }
}
