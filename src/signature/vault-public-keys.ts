import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import type { VaultReads } from "../identity/vault-reads.ts";
import type { PublicJwk } from "./algorithm.ts";
import { isVersionOf, parseKeyId } from "./key-id.ts";
import type { PublicKeys } from "./public-keys.ts";
import { openVaultKey } from "./vault-key.ts";

/**
 * The public halves of all versions of one key, read from its vault. Only that vault is ever asked, and only for that key: a
 * signature's `kid` chooses the version and nothing else.
 *
 * @param vaultUrl without a trailing slash
 * @param name of the key: `ROLLCALL_SIGNING_KEY_NAME`
 * @param credential the identity; role "Key Vault Reader" or "Key Vault Crypto User"
 * @param reads what other runs of the process have read of the vault
 */
export function vaultPublicKeys(
  vaultUrl: string,
  name: string,
  credential: TokenCredential,
  context: RunContext,
  reads?: VaultReads,
): PublicKeys {
  const code = "verification-key-unusable";
  const vaultKey = openVaultKey({ vaultUrl, name, credential, context, code, reads });
  const known = new Map<string, PublicJwk>();
  return {
    async find(kid) {
      const id = parseKeyId(kid);
      if (!id || !isVersionOf(id, vaultUrl, name)) {
        return { problem: `its kid names another key than ${name} in ${vaultUrl}; it was not asked for` };
      }
      // A version never changes its key, and many manifests are signed with the same one.
      const before = known.get(id.version);
      if (before) return before;
      const version = await vaultKey.read(id.version);
      if (!version) return { problem: "the vault knows no such version of the key" };
      const { publicJwk, kind } = version;
      if (!publicJwk) return { problem: `that version of the key is of kind ${kind}` };
      known.set(id.version, publicJwk);
      return publicJwk;
    },
  };
}
