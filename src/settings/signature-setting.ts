import { onOrOff } from "./choices.ts";
import { vaultObjectName } from "./names.ts";
import { type Environment, present, type SettingProblem, setting } from "./setting.ts";

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

/** What is wrong with the two together: a signature cannot be required without a key. */
export function signatureProblems(environment: Environment): readonly SettingProblem[] {
  const isRequired = present(environment[requireSignature.name]) === "on";
  return isRequired && present(environment[signingKeyName.name]) === undefined ? [NO_SIGNING_KEY] : [];
}
