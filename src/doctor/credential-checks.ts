import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { type Grantee, howToGrant } from "../graph/grant.ts";
import { Credential, type CredentialIdentity, credentialVersions } from "../identity/credential.ts";
import { expiryWarning } from "../identity/expiry-warning.ts";
import { IdentityTokens } from "../identity/identity-tokens.ts";
import type { TokenSource } from "../identity/token.ts";
import { isSystemAssigned, readClaims } from "../identity/token-claims.ts";
import { openVault } from "../identity/vault.ts";
import { requiredAppRoles } from "../rows/properties.ts";
import type { VaultCredential } from "../settings/credential-setting.ts";
import type { Settings, SigningKeySetting } from "../settings/settings.ts";
import type { Passed, PassedWith } from "./check.ts";

/** App roles that include `User.Read.All` and allow more than a run needs. */
const WIDER_ROLES = ["User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/** Whether the vault answers and holds the object. */
export async function checkVault(
  { credential }: Settings,
  identity: TokenCredential,
  context: RunContext,
): Promise<PassedWith<Settings["credential"]>> {
  if (!isInVault(credential)) return { value: credential, detail: `${credential.kind} needs none` };
  const vault = openVault(credential, identity, context);
  await vault.get();
  return { value: credential, detail: `holds ${vault.subject}` };
}

/** Whether there is something to sign in with, and until when. */
export async function checkCredential(
  settings: Settings,
  identity: TokenCredential,
  context: RunContext,
): Promise<PassedWith<CredentialIdentity>> {
  const { credential, cloud } = settings;
  if (isInVault(credential)) return await checkVersions(credential, identity, context);
  const { kind } = credential;
  const nothing = { kind, name: undefined, version: undefined, expiresOn: undefined };
  if (kind === "managed-identity") {
    const detail = `${kind}: the identity's own token for ${cloud.graphUrl}; nothing to rotate`;
    return { value: nothing, detail };
  }
  const assertions = new IdentityTokens(identity, cloud.exchangeAudience, context);
  await assertions.get();
  const { holder } = assertions;
  const whose = holder?.iss && holder.oid ? `, issuer ${holder.iss}, subject ${holder.oid}` : "";
  return {
    value: nothing,
    detail: `${kind}: the identity's token for ${cloud.exchangeAudience}${whose}; nothing to rotate`,
    ...(isSystemAssigned(holder) && {
      advice: "Use a user-assigned identity: apps trust no system-assigned one.",
    }),
  };
}

function isInVault(credential: Settings["credential"]): credential is VaultCredential {
  return credential.kind === "certificate" || credential.kind === "secret";
}

async function checkVersions(
  credential: VaultCredential,
  identity: TokenCredential,
  context: RunContext,
): Promise<PassedWith<CredentialIdentity>> {
  const vault = openVault(credential, identity, context);
  const nowMs = context.clock.now();
  const skipped: string[] = [];
  for await (const found of credentialVersions(vault, credential, () => nowMs)) {
    if (!(found instanceof Credential)) {
      skipped.push(`version ${found.version} is ${found.skipped}`);
      continue;
    }
    const { kind, name, version, expiresOn } = found;
    const end = expiresOn?.toISOString().slice(0, 10);
    return {
      value: found.toJSON(),
      detail: [
        `${kind} ${name}, version ${version}`,
        end ? `until ${end}` : "no expiry kept",
        ...skipped,
      ].join("; "),
      advice: renewalAdvice(found, skipped, nowMs),
    };
  }
  throw new RollcallError("credential-unusable", {
    doing: `reading ${vault.subject}`,
    problem: `no version can be used: ${skipped.join("; ") || "there is no enabled version"}`,
    remedy: `Add a valid ${credential.kind} to the app registration and store it as a new version of ${credential.name}.`,
  });
}

/** A token for Graph, and where it came from. */
export interface GraphToken {
  readonly tokens: TokenSource;
  readonly token: string;
  /** Whom app roles are granted to that it lacks. */
  readonly grantee: Grantee;
}

/** Whether the credential gets a token for Graph. */
export async function checkToken(
  tokens: TokenSource,
  newest: CredentialIdentity,
  granteeOf: (token: string) => Grantee,
): Promise<PassedWith<GraphToken>> {
  const token = await tokens.get();
  const { kind, name, version } = tokens.credential();
  const value = { tokens, token, grantee: granteeOf(token) };
  if (kind === "federated")
    return { value, detail: "Entra accepts the identity's token in place of a secret" };
  if (kind === "managed-identity") {
    const objectId = readClaims(token)?.oid;
    return {
      value,
      detail: `the platform gives the identity${objectId ? ` ${objectId}` : ""} a token for Graph`,
    };
  }
  return {
    value,
    detail: `Entra accepts version ${version} of ${kind} ${name}`,
    ...(version !== newest.version && {
      advice: `Entra refused the newer version ${newest.version}: add it to the app registration.`,
    }),
  };
}

/** Whether the vault's key can sign; nothing is signed. */
export async function checkSigningKey(
  { vaultUrl, name }: SigningKeySetting,
  identity: TokenCredential,
  context: RunContext,
): Promise<Passed> {
  const { openSigningKey } = await import("../signature/signing-key.ts");
  const { entry } = await openSigningKey(vaultUrl, name, identity, context);
  return { detail: `${entry.alg} with ${entry.kid}` };
}

/** Whether the app roles that the listing needs were granted. */
export function checkRoles({ token, grantee }: GraphToken, { properties }: Settings): Passed {
  const claims = readClaims(token);
  if (!claims) {
    return {
      detail: "the token cannot be read here",
      advice: "The graph check shows whether the roles suffice.",
    };
  }
  const roles = claims.roles ?? [];
  const missing = requiredAppRoles(properties).filter((role) => !roles.includes(role));
  const detail = roles.length > 0 ? `the token has ${roles.join(", ")}` : "the token has no app role";
  if (missing.length === 0) return { detail };
  const wider = WIDER_ROLES.find((role) => roles.includes(role));
  if (wider !== undefined && missing.join() === "User.Read.All") {
    return { detail, advice: `Grant User.Read.All in place of ${wider}: a run only reads users.` };
  }
  throw new RollcallError("graph-permission-missing", {
    doing: "reading the token's roles",
    problem: `${detail}; the listing needs ${missing.join(" and ")}`,
    remedy: howToGrant(properties, grantee),
  });
}

function renewalAdvice(
  found: CredentialIdentity,
  skipped: readonly string[],
  nowMs: number,
): string | undefined {
  if (skipped.length > 0) return "Renew the newest version: an older one is in use.";
  const [warning] = expiryWarning(found, nowMs);
  if (warning !== undefined) {
    return `${warning}. Add a new one to the app registration and store it as a new version.`;
  }
  if (found.expiresOn !== undefined) return undefined;
  return "Set the secret's expiry date in Key Vault, so that Rollcall can warn before it expires.";
}
