import { onOrOff } from "./choices.ts";
import { vaultObjectName } from "./names.ts";
import { type Environment, present, type Setting, type SettingProblem, setting } from "./setting.ts";

/** The Key Vault key that signs manifests. */
export interface SigningKeySetting {
  /** Without a trailing slash. */
  readonly vaultUrl: string;
  /** Of the key, without a version: the newest signs. */
  readonly name: string;
}

export const SIGNATURE_DECLARATIONS = {
  /** Key Vault key that signs each manifest; `undefined`: manifests are not signed. */
  signingKeyName: setting("ROLLCALL_SIGNING_KEY_NAME", vaultObjectName.optional(), "manifest-key"),
  /** Whether a run refuses to build on a snapshot that the key did not sign. */
  requireSignature: setting("ROLLCALL_REQUIRE_SIGNATURE", onOrOff.default(false), "on or off"),
};

const { signingKeyName, requireSignature } = SIGNATURE_DECLARATIONS;

const NO_SIGNING_KEY: SettingProblem = {
  name: requireSignature.name,
  problem: `is on, and needs the key in ${signingKeyName.name}`,
  example: `${signingKeyName.name}=${signingKeyName.example}`,
};

/**
 * What is wrong with them together: a signature cannot be required without a key, and a key is in a vault.
 *
 * @param vaultUrl what a problem calls the vault, and its example
 */
export function signatureProblems(environment: Environment, vaultUrl: Setting): readonly SettingProblem[] {
  const isRequired = present(environment[requireSignature.name]) === "on";
  if (present(environment[signingKeyName.name]) === undefined) return isRequired ? [NO_SIGNING_KEY] : [];
  if (present(environment[vaultUrl.name]) !== undefined) return [];
  const { name, example } = vaultUrl;
  return [{ name, problem: `is missing, and ${signingKeyName.name} needs it`, example }];
}
