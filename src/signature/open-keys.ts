import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import type { SigningKeySetting } from "../settings/settings.ts";
import type { PublicKeys } from "./public-keys.ts";
import type { SigningKey } from "./signing-key.ts";

/**
 * Opens the key that signs manifests. The SDK for keys is loaded only where one is named: that takes a quarter of a second.
 *
 * @returns `undefined` where none is named: manifests are not signed
 * @throws {RollcallError} as `openSigningKey`
 */
export async function openSigner(
  key: SigningKeySetting | undefined,
  identity: TokenCredential,
  context: RunContext,
): Promise<SigningKey | undefined> {
  if (!key) return undefined;
  const { openSigningKey } = await import("./signing-key.ts");
  return openSigningKey(key.vaultUrl, key.name, identity, context);
}

/**
 * Opens the public halves of the same key, for checking signatures. Asks nothing yet.
 *
 * @returns `undefined` where none is named: signatures cannot be checked
 */
export async function openVerifier(
  key: SigningKeySetting | undefined,
  identity: TokenCredential,
  context: RunContext,
): Promise<PublicKeys | undefined> {
  if (!key) return undefined;
  const { vaultPublicKeys } = await import("./vault-public-keys.ts");
  return vaultPublicKeys(key.vaultUrl, key.name, identity, context);
}
