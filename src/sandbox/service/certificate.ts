import { createHash, generateKeyPair, randomBytes, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import forge from "node-forge";

/** What to put into a certificate. */
export interface CertificateRequest {
  /** Subject, and issuer when it signs itself. */
  readonly commonName: string;
  /** Days from `notBefore` to the end. */
  readonly days: number;
  /** Start of validity; one minute ago by default. */
  readonly notBefore?: Date;
}

/** A self-signed certificate with its private key, in every form that Key Vault keeps one. */
export interface IssuedCertificate {
  /** PKCS#8 private key followed by the certificate: `application/x-pem-file`. */
  readonly pem: string;
  /** PKCS#12 without a password: `application/x-pkcs12` holds its base64. */
  readonly pfx: Buffer;
  /** The certificate alone, PEM. */
  readonly certificatePem: string;
  /** The private key alone, PKCS#8 PEM. */
  readonly privateKeyPem: string;
  /** End of validity. */
  readonly expiresOn: Date;
  /** Hashes of the DER certificate, lower-case hex. */
  readonly thumbprints: { readonly sha1: string; readonly sha256: string };
}

/** Makes a credential for an app registration. */
export async function issueCertificate(request: CertificateRequest): Promise<IssuedCertificate> {
  const privateKeyPem = await createPrivateKeyPem();
  const key = forge.pki.privateKeyFromPem(privateKeyPem);
  const certificate = draftCertificate(request, publicKeyOf(key));
  certificate.setIssuer(certificate.subject.attributes);
  certificate.sign(key, forge.md.sha256.create());
  const certificatePem = forge.pki.certificateToPem(certificate).replaceAll("\r", "");
  const store = forge.pkcs12.toPkcs12Asn1(key, [certificate], "", { algorithm: "aes256" });
  const der = new X509Certificate(certificatePem).raw;
  return {
    pem: `${privateKeyPem}${certificatePem}`,
    pfx: Buffer.from(forge.asn1.toDer(store).getBytes(), "binary"),
    certificatePem,
    privateKeyPem,
    expiresOn: certificate.validity.notAfter,
    thumbprints: { sha1: hash("sha1", der), sha256: hash("sha256", der) },
  };
}

/** A fresh RSA key, PKCS#8 PEM. Made by Node: forge takes seconds over it. */
export async function createPrivateKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return privateKey;
}

/** The public half of a forge private key. */
export function publicKeyOf(key: forge.pki.rsa.PrivateKey): forge.pki.rsa.PublicKey {
  return forge.pki.setRsaPublicKey(key.n, key.e);
}

/** A certificate with everything but issuer, extensions and signature. */
export function draftCertificate(
  request: CertificateRequest,
  publicKey: forge.pki.rsa.PublicKey,
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const notBefore = request.notBefore ?? new Date(Date.now() - 60_000);
  certificate.publicKey = publicKey;
  // A leading zero digit keeps the serial number positive.
  certificate.serialNumber = `0${randomBytes(15).toString("hex").slice(1)}`;
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = new Date(notBefore.getTime() + request.days * 24 * 60 * 60 * 1000);
  certificate.setSubject([{ name: "commonName", value: request.commonName }]);
  return certificate;
}

function hash(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest("hex");
}
