import { createHash } from "node:crypto";
import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import type { VaultReads } from "../identity/vault-reads.ts";
import { algorithmOf, describeKind, type PublicJwk, type SignatureAlgorithm } from "./algorithm.ts";
import { fitsSignature } from "./check.ts";
import { formatJws, type SignatureEntry, signingInput } from "./jws.ts";
import { noSuchKey, openVaultKey, type VaultKeyVersion } from "./vault-key.ts";

/** The key that signs a run's manifest. */
export interface SigningKey {
  /** For the manifest, before it is signed: its own entry must be what the JWS says. */
  readonly entry: SignatureEntry;
  /**
   * Signs a manifest in the vault; the signature is checked before it is given out.
   *
   * @param manifest its very bytes, with the entry in them
   * @returns the content of `manifest.jws`: a detached JWS, compact
   * @throws {RollcallError} `signing-failed`
   */
  sign(manifest: Buffer): Promise<string>;
}

/**
 * Opens the newest version of a Key Vault key for signing, and makes sure that it can. The private half stays in the vault.
 *
 * @param vaultUrl without a trailing slash
 * @param name of the key: `ROLLCALL_SIGNING_KEY_NAME`
 * @param credential the identity; role "Key Vault Crypto User" on the key
 * @param reads what other runs of the process have read of the vault
 * @throws {RollcallError} `signing-failed`: no such key, no role, a key that is disabled, out of its time or of another kind,
 *   and a vault that refuses or stays silent
 */
export async function openSigningKey(
  vaultUrl: string,
  name: string,
  credential: TokenCredential,
  context: RunContext,
  reads?: VaultReads,
): Promise<SigningKey> {
  const vaultKey = openVaultKey({ vaultUrl, name, credential, context, code: "signing-failed", reads });
  const doing = `opening ${vaultKey.subject} for signing`;
  const { version, alg, publicJwk } = await newest().catch((error: unknown) => {
    if (vaultKey.forget()) return newest();
    throw error;
  });
  const entry = { alg, kid: version.kid };

  async function newest() {
    const version = await vaultKey.read();
    if (!version) throw new RollcallError("signing-failed", { doing, ...noSuchKey(name) });
    return { version, ...usableOrThrow(version, doing, context.clock.now()) };
  }

  async function sign(key: VaultKeyVersion, manifest: Buffer): Promise<string> {
    const signing = `signing the manifest with ${vaultKey.subject}`;
    // A run takes minutes: the key's time may have ended since.
    usableOrThrow(key, signing, context.clock.now());
    const digest = createHash("sha256").update(signingInput(entry, manifest)).digest();
    const signature = await key.sign(alg, digest);
    if (await fitsSignature(publicJwk, entry, manifest, signature)) return formatJws(entry, signature);
    throw new RollcallError("signing-failed", {
      doing: signing,
      problem: "the vault's signature does not fit the key's own public half",
      remedy: "Nothing was published. The next run tries again; if it goes on, report it to Microsoft.",
    });
  }

  return { entry, sign: (manifest) => sign(version, manifest) };
}

/** The one algorithm of a version that can sign now. */
function usableOrThrow(
  { kind, publicJwk, enabled, notBefore, expiresOn, maySign }: VaultKeyVersion,
  doing: string,
  nowMs: number,
): { readonly alg: SignatureAlgorithm; readonly publicJwk: PublicJwk } {
  const alg = publicJwk && algorithmOf(publicJwk);
  if (!alg) {
    throw unusable(
      doing,
      `the newest version is of kind ${publicJwk ? describeKind(publicJwk) : kind}, and manifests are signed with EC P-256, or RSA of 2048 bits or more`,
      "Name a key of such a kind in ROLLCALL_SIGNING_KEY_NAME: `az keyvault key create --kty EC --curve P-256 --ops sign verify`.",
    );
  }
  const problem = whyNot(enabled, maySign, notBefore, expiresOn, nowMs);
  if (problem !== undefined) {
    throw unusable(
      doing,
      `the newest version ${problem}`,
      "Correct it, or make a new one: `az keyvault key rotate`.",
    );
  }
  return { alg, publicJwk };
}

function whyNot(
  enabled: boolean,
  maySign: boolean,
  notBefore: Date | undefined,
  expiresOn: Date | undefined,
  nowMs: number,
): string | undefined {
  if (!enabled) return "is disabled";
  if (expiresOn && expiresOn.getTime() <= nowMs) return `expired on ${day(expiresOn)}`;
  if (notBefore && notBefore.getTime() > nowMs) return `is not valid before ${day(notBefore)}`;
  return maySign ? undefined : "may not be used for signing";
}

function unusable(doing: string, problem: string, remedy: string): RollcallError {
  return new RollcallError("signing-failed", { doing, problem, remedy });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
