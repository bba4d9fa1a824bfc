import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import type { VaultReads } from "../identity/vault-reads.ts";
import type { SigningKeySetting } from "../settings/settings.ts";
import type { PublicKeys } from "./public-keys.ts";
import type { SigningKey } from "./signing-key.ts";

/**
 * Opens the key that signs manifests. The SDK for keys is loaded only where one is named: that takes a quarter of a second.
 *
 * @param reads what other runs of the process have read of the vault
 * @returns `undefined` where none is named: manifests are not signed
 * @throws {RollcallError} as `openSigningKey`
 */
export async function openSigner(
  key: SigningKeySetting | undefined,
  identity: TokenCredential,
  context: RunContext,
  reads?: VaultReads,
): Promise<SigningKey | undefined> {
  if (!key) return undefined;
  const { openSigningKey } = await import("./signing-key.ts");
  return openSigningKey(key.vaultUrl, key.name, identity, context, reads);
}

/**
 * Opens the public halves of the same key, for checking signatures. Asks nothing yet.
 *
 * @param reads what other runs of the process have read of the vault
 * @returns `undefined` where none is named: signatures cannot be checked
 */
export async function openVerifier(
  key: SigningKeySetting | undefined,
  identity: TokenCredential,
  context: RunContext,
  reads?: VaultReads,
): Promise<PublicKeys | undefined> {
  if (!key) return undefined;
  const { vaultPublicKeys } = await import("./vault-public-keys.ts");
  return vaultPublicKeys(key.vaultUrl, key.name, identity, context, reads);
}
