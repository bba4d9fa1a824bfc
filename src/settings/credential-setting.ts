import { vaultObjectName } from "./names.ts";
import { type Environment, present, type SettingProblem, setting } from "./setting.ts";

/** Which Key Vault object opens the app registration. */
export interface CredentialSetting {
  readonly kind: "secret" | "certificate";
  /** Name of the Key Vault object. */
  readonly name: string;
}

/** Exactly one of them is to be set. */
export const CREDENTIAL_DECLARATIONS = {
  /** Key Vault secret that holds the app's client secret. */
  secretName: setting("ROLLCALL_SECRET_NAME", vaultObjectName.optional(), "graph-secret"),
  /** Key Vault certificate of the app. */
  certificateName: setting("ROLLCALL_CERTIFICATE_NAME", vaultObjectName.optional(), "graph-cert"),
};

const { secretName, certificateName } = CREDENTIAL_DECLARATIONS;

/** Where {@link readCredential} finds none. */
export const NO_CREDENTIAL: SettingProblem = {
  name: `${secretName.name} or ${certificateName.name}`,
  problem: "must be set, exactly one of the two",
  example: `${certificateName.name}=${certificateName.example}`,
};

/** The one that is named; `undefined` when none is or both are. Whether the name is a right one, its rule says. */
export function readCredential(environment: Environment): CredentialSetting | undefined {
  const secret = present(environment[secretName.name]);
  const certificate = present(environment[certificateName.name]);
  if (secret !== undefined && certificate !== undefined) return undefined;
  if (secret !== undefined) return { kind: "secret", name: secret };
  return certificate === undefined ? undefined : { kind: "certificate", name: certificate };
}
