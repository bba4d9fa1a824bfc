import * as z from "zod";
import { CREDENTIAL_KINDS, type CredentialKind } from "./credential-kind.ts";
import { applicationId, vaultObjectName } from "./names.ts";
import { type Environment, present, type Setting, type SettingProblem, setting } from "./setting.ts";

/** A credential of the app registration that Key Vault holds. */
export interface VaultCredential {
  readonly kind: "certificate" | "secret";
  /** Application (client) id of the app registration. */
  readonly clientId: string;
  /** Without a trailing slash. */
  readonly vaultUrl: string;
  /** Name of the Key Vault object. */
  readonly name: string;
}

/** The managed identity's token, which the app registration takes in place of a secret. */
export interface FederatedCredential {
  readonly kind: "federated";
  /** Application (client) id of the app registration. */
  readonly clientId: string;
}

/** The managed identity itself, which may read the users. */
export interface IdentityCredential {
  readonly kind: "managed-identity";
}

/** How a run signs in to Entra. */
export type CredentialSetting = VaultCredential | FederatedCredential | IdentityCredential;

/** Which of them are to be set depends on the kind: see {@link credentialProblems}. */
export const CREDENTIAL_DECLARATIONS = {
  /** How a run signs in; `undefined`: as the vault settings imply. */
  credential: setting(
    "ROLLCALL_CREDENTIAL",
    z.enum(CREDENTIAL_KINDS, `must be ${CREDENTIAL_KINDS.join(", ")}`).optional(),
    "certificate, secret, federated or managed-identity",
  ),
  /** Application (client) id of the app registration. */
  clientId: setting("ROLLCALL_CLIENT_ID", applicationId.optional(), "6731de76-14a6-49ae-97bc-6eba6914391e"),
  /** Key Vault secret that holds the app's client secret. */
  secretName: setting("ROLLCALL_SECRET_NAME", vaultObjectName.optional(), "graph-secret"),
  /** Key Vault certificate of the app. */
  certificateName: setting("ROLLCALL_CERTIFICATE_NAME", vaultObjectName.optional(), "graph-cert"),
};

const { credential, clientId, secretName, certificateName } = CREDENTIAL_DECLARATIONS;

type Part = "clientId" | "vaultUrl" | "secretName" | "certificateName";

/** What each kind needs to be set, and what contradicts it. */
const PARTS: Readonly<Record<CredentialKind, { needs: readonly Part[]; excludes: readonly Part[] }>> = {
  certificate: { needs: ["clientId", "vaultUrl", "certificateName"], excludes: ["secretName"] },
  secret: { needs: ["clientId", "vaultUrl", "secretName"], excludes: ["certificateName"] },
  federated: { needs: ["clientId"], excludes: ["secretName", "certificateName"] },
  "managed-identity": { needs: [], excludes: ["clientId", "secretName", "certificateName"] },
};

/** Where nothing says how to sign in, or two names do. */
const NO_CREDENTIAL: SettingProblem = {
  name: `${secretName.name} or ${certificateName.name}`,
  problem: `must be set, exactly one of the two, unless ${credential.name} names a kind without a secret`,
  example: `${certificateName.name}=${certificateName.example}`,
};

/**
 * What is missing for the kind of credential, and what contradicts it. Whether each value is a right one, its own rule says.
 *
 * @param settings what the problems call them, and their examples
 */
export function credentialProblems(
  environment: Environment,
  settings: Readonly<Record<Part, Setting>>,
): readonly SettingProblem[] {
  const text = ({ name }: Setting) => present(environment[name]);
  const named = text(credential);
  if (named !== undefined && !isKind(named)) return [];
  const kind = named ?? impliedKind(text(secretName), text(certificateName));
  const { needs, excludes } = kind ? PARTS[kind] : { needs: ["clientId", "vaultUrl"] as const, excludes: [] };
  const because = named === undefined ? "" : `, and ${credential.name}=${named} needs it`;
  return [
    ...needs
      .map((part) => settings[part])
      .filter((needed) => text(needed) === undefined)
      .map(({ name, example }) => ({ name, problem: `is missing${because}`, example })),
    ...excludes
      .map((part) => settings[part])
      .filter((excluded) => text(excluded) !== undefined)
      .map(({ name }) => contradiction(name, kind)),
    ...(kind ? [] : [NO_CREDENTIAL]),
  ];
}

/** What the values say; `undefined` only where there are {@link credentialProblems}. */
export function readCredential(values: {
  readonly credential: CredentialKind | undefined;
  readonly clientId: string | undefined;
  readonly vaultUrl: string | undefined;
  readonly secretName: string | undefined;
  readonly certificateName: string | undefined;
}): CredentialSetting | undefined {
  const kind = values.credential ?? impliedKind(values.secretName, values.certificateName);
  const { clientId, vaultUrl } = values;
  if (kind === "managed-identity") return { kind };
  if (kind === undefined || clientId === undefined) return undefined;
  if (kind === "federated") return { kind, clientId };
  const name = kind === "secret" ? values.secretName : values.certificateName;
  if (name === undefined || vaultUrl === undefined) return undefined;
  return { kind, clientId, vaultUrl, name };
}

function isKind(text: string): text is CredentialKind {
  return CREDENTIAL_KINDS.some((kind) => kind === text);
}

function impliedKind(
  secret: string | undefined,
  certificate: string | undefined,
): VaultCredential["kind"] | undefined {
  if ((secret === undefined) === (certificate === undefined)) return undefined;
  return secret === undefined ? "certificate" : "secret";
}

function contradiction(name: string, kind: CredentialKind | undefined): SettingProblem {
  const isForIdentity = name === clientId.name;
  const hint = isForIdentity ? ": there is no app registration, and AZURE_CLIENT_ID names the identity" : "";
  return { name, problem: `must be empty with ${credential.name}=${kind}${hint}`, example: `${name}=` };
}
