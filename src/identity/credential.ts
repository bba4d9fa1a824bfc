import { inspect } from "node:util";
import type { KeyVaultSecret } from "@azure/keyvault-secrets";
import type { CredentialKind } from "../settings/credential-kind.ts";
import type { VaultCredential } from "../settings/credential-setting.ts";
import { CertificateError, readCertificate } from "./certificate.ts";
import type { Vault } from "./vault.ts";

/** What MSAL takes to prove that the app is itself. Secret. */
export type ClientProof =
  | { readonly clientSecret: string }
  /** Called for each token, also for one from MSAL's cache. */
  | { readonly clientAssertion: () => Promise<string> }
  | {
      readonly clientCertificate: {
        readonly thumbprintSha256: string;
        readonly privateKey: string;
        readonly x5c: string;
      };
    };

const certificates = new WeakMap<KeyVaultSecret, ReturnType<typeof readCertificate>>();

/** Which credential is meant, without its secret part; goes into the manifest. */
export interface CredentialIdentity {
  readonly kind: CredentialKind;
  /** Name of the Key Vault object; `undefined` for a kind that is in no vault. */
  readonly name: string | undefined;
  /** Version of the Key Vault object; `undefined` for a kind that is in no vault. */
  readonly version: string | undefined;
  /** For a certificate its own end, for a secret the expiry kept in Key Vault; `undefined` when none is kept, or nothing ends. */
  readonly expiresOn: Date | undefined;
}

/** One usable version of the app's credential. Neither JSON nor a debugger's print shows the proof. */
export class Credential implements CredentialIdentity {
  readonly kind: CredentialKind;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly expiresOn: Date | undefined;
  readonly #proof: ClientProof;

  constructor({ kind, name, version, expiresOn }: CredentialIdentity, proof: ClientProof) {
    this.kind = kind;
    this.name = name;
    this.version = version;
    this.expiresOn = expiresOn;
    this.#proof = proof;
  }

  /** For MSAL only. */
  proof(): ClientProof {
    return this.#proof;
  }

  toJSON(): CredentialIdentity {
    return { kind: this.kind, name: this.name, version: this.version, expiresOn: this.expiresOn };
  }

  [inspect.custom](): CredentialIdentity {
    return this.toJSON();
  }
}

/** A version that cannot be used. */
export interface SkippedVersion {
  readonly version: string;
  /** Why, to follow "is": `expired since 2026-11-01`. */
  readonly skipped: string;
  /** Set where a certificate was expected and something else, or garbage, was found. */
  readonly unreadable?: true;
}

/**
 * The versions of the app's credential, newest first, read one by one as they are asked for.
 *
 * A version that is disabled, expired, not valid yet or unreadable comes as a {@link SkippedVersion}. The older
 * versions are only listed when the newest did not do, so the everyday run needs `secrets/get` alone.
 *
 * @throws {RollcallError} the vault's errors
 */
export async function* credentialVersions(
  vault: Vault,
  { kind, name }: Pick<VaultCredential, "kind" | "name">,
  nowMs: () => number,
): AsyncGenerator<Credential | SkippedVersion, void, undefined> {
  const newest = await vault.get();
  const newestVersion = newest === "disabled" ? undefined : newest.properties.version;
  if (newest !== "disabled") yield await read(newest);

  for (const properties of await vault.versions()) {
    const { version } = properties;
    if (version === undefined || version === newestVersion) continue;
    const reason = unusable(properties, nowMs());
    const secret = reason === undefined ? await vault.get(version) : "disabled";
    yield secret === "disabled" ? { version, skipped: reason ?? "disabled" } : await read(secret);
  }

  async function read(secret: KeyVaultSecret): Promise<Credential | SkippedVersion> {
    const version = secret.properties.version ?? "unknown";
    const reason = unusable(secret.properties, nowMs());
    if (reason !== undefined) return { version, skipped: reason };
    if (!secret.value) return { version, skipped: "empty" };
    const { expiresOn } = secret.properties;
    if (kind === "secret") {
      return new Credential({ kind, name, version, expiresOn }, { clientSecret: secret.value });
    }
    try {
      const { expiresOn: end, ...clientCertificate } = await certificateIn(secret, secret.value);
      if (end.getTime() <= nowMs()) return { version, skipped: expired(end) };
      return new Credential({ kind, name, version, expiresOn: end }, { clientCertificate });
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      return { version, skipped: `no usable certificate: ${error.message}`, unreadable: true };
    }
  }
}

/** Once for each secret that was read: runs may share one, and PKCS#12 takes time. */
function certificateIn(secret: KeyVaultSecret, text: string): ReturnType<typeof readCertificate> {
  const known = certificates.get(secret) ?? readCertificate(text, secret.properties.contentType);
  certificates.set(secret, known);
  return known;
}

function unusable(
  { enabled, expiresOn, notBefore }: { enabled?: boolean; expiresOn?: Date; notBefore?: Date },
  nowMs: number,
): string | undefined {
  if (enabled === false) return "disabled";
  if (expiresOn && expiresOn.getTime() <= nowMs) return expired(expiresOn);
  if (notBefore && notBefore.getTime() > nowMs) return `not valid before ${day(notBefore)}`;
  return undefined;
}

function expired(on: Date): string {
  return `expired on ${day(on)}`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
