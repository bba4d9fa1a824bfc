/** Which version of which key, as Key Vault names it: `https://NAME.vault.azure.net/keys/KEY/VERSION`. */
export interface KeyId {
  /** Origin of the vault, without a trailing slash. */
  readonly vaultUrl: string;
  readonly name: string;
  /** 32 hex digits, in lower case: what the vault would answer to another spelling is not the id that was signed. */
  readonly version: string;
}

/** Longest host name, and Key Vault's longest name of a key, with room for the rest. */
const MAX_LENGTH = 500;

const KEY_ID = /^(https:\/\/[A-Za-z0-9.:[\]-]+)\/keys\/([A-Za-z0-9-]{1,127})\/([0-9a-f]{32})$/;

/** @returns `undefined` for anything that is not exactly the id of a version of a key */
export function parseKeyId(text: string): KeyId | undefined {
  if (text.length > MAX_LENGTH || !URL.canParse(text)) return undefined;
  const [, vaultUrl, name, version] = KEY_ID.exec(text) ?? [];
  return vaultUrl && name && version ? { vaultUrl, name, version } : undefined;
}

/** Whether an id names a version of that key in that vault. Key Vault compares names without regard to case. */
export function isVersionOf(id: KeyId, vaultUrl: string, name: string): boolean {
  return (
    new URL(id.vaultUrl).origin === new URL(vaultUrl).origin && id.name.toLowerCase() === name.toLowerCase()
  );
}
