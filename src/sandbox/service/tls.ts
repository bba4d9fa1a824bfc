import { X509Certificate } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import forge from "node-forge";
import { createPrivateKeyPem, draftCertificate, publicKeyOf } from "./certificate.ts";

/** What the sandbox's HTTPS services need, and what their clients must trust. All PEM. */
export interface SandboxTls {
  /** The certificate authority, which only this sandbox uses. */
  readonly authority: string;
  /** The servers' certificate, for `127.0.0.1` and `localhost`. */
  readonly certificate: string;
  /** The servers' private key. */
  readonly key: string;
  /** Path of `authority`, for `NODE_EXTRA_CA_CERTS`. */
  readonly authorityFile: string;
  /** Path of `certificate`. */
  readonly certificateFile: string;
  /** Path of `key`. */
  readonly keyFile: string;
}

const VALID_DAYS = 3650;
let own: Promise<SandboxTls> | undefined;

/**
 * The TLS files in a folder; they are created if they are missing. Without a folder, one set is made for this process and
 * deleted when it exits.
 */
export async function sandboxTls(folder?: string): Promise<SandboxTls> {
  if (folder !== undefined) return await openTls(folder);
  own ??= openTls(temporaryFolder());
  return await own;
}

/** Makes this process trust the sandbox's servers, whatever client it uses. Needs Node 24.5. */
export function trustSandbox(tls: SandboxTls): void {
  const trusted = getCACertificates("default");
  if (!trusted.includes(tls.authority)) setDefaultCACertificates([...trusted, tls.authority]);
}

async function openTls(folder: string): Promise<SandboxTls> {
  const files = {
    authorityFile: join(folder, "authority.pem"),
    certificateFile: join(folder, "server.pem"),
    keyFile: join(folder, "server-key.pem"),
  };
  // The key is written last, so a folder with a key is complete.
  if (!existsSync(files.keyFile) || (await isStale(files.certificateFile))) {
    await mkdir(folder, { recursive: true });
    const made = await makeTls();
    await writeFile(files.authorityFile, made.authority);
    await writeFile(files.certificateFile, made.certificate);
    await writeFile(files.keyFile, made.key, { mode: 0o600 });
  }
  return {
    authority: await readFile(files.authorityFile, "utf8"),
    certificate: await readFile(files.certificateFile, "utf8"),
    key: await readFile(files.keyFile, "utf8"),
    ...files,
  };
}

async function isStale(certificateFile: string): Promise<boolean> {
  const certificate = new X509Certificate(await readFile(certificateFile));
  return Date.parse(certificate.validTo) < Date.now() + 24 * 60 * 60 * 1000;
}

async function makeTls(): Promise<{ authority: string; certificate: string; key: string }> {
  const [authorityKeyPem, key] = await Promise.all([createPrivateKeyPem(), createPrivateKeyPem()]);
  const authorityKey = forge.pki.privateKeyFromPem(authorityKeyPem);
  const authority = draftCertificate(
    { commonName: "Rollcall sandbox authority", days: VALID_DAYS },
    publicKeyOf(authorityKey),
  );
  authority.setIssuer(authority.subject.attributes);
  authority.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
  ]);
  authority.sign(authorityKey, forge.md.sha256.create());
  const server = draftCertificate(
    { commonName: "127.0.0.1", days: VALID_DAYS },
    publicKeyOf(forge.pki.privateKeyFromPem(key)),
  );
  server.setIssuer(authority.subject.attributes);
  server.setExtensions([
    { name: "basicConstraints", cA: false },
    { name: "extKeyUsage", serverAuth: true },
    {
      name: "subjectAltName",
      altNames: [
        { type: 7, ip: "127.0.0.1" },
        { type: 2, value: "localhost" },
      ],
    },
  ]);
  server.sign(authorityKey, forge.md.sha256.create());
  return { authority: pemOf(authority), certificate: pemOf(server), key };
}

function pemOf(certificate: forge.pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll("\r", "");
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-sandbox-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
