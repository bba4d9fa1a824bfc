import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { Credential, type CredentialIdentity, credentialVersions } from "../identity/credential.ts";
import { expiryWarning } from "../identity/expiry-warning.ts";
import type { TokenSource } from "../identity/token.ts";
import { openVault, type Vault } from "../identity/vault.ts";
import { requiredAppRoles } from "../rows/properties.ts";
import type { Settings, SigningKeySetting } from "../settings/settings.ts";
import type { Passed } from "./check.ts";
import { readClaims } from "./token-claims.ts";

/** App roles that include `User.Read.All` and allow more than a run needs. */
const WIDER_ROLES = ["User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/** Whether the vault answers and holds the object. */
export async function checkVault(
  settings: Settings,
  identity: TokenCredential,
  context: RunContext,
): Promise<Passed<Vault>> {
  const vault = openVault(settings.vaultUrl, settings.credential, identity, context);
  await vault.get();
  return { value: vault, detail: `holds ${vault.subject}` };
}

/** Whether a version of the credential can be used, and until when. */
export async function checkCredential(
  vault: Vault,
  { credential }: Settings,
  nowMs: number,
): Promise<Passed<CredentialIdentity>> {
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

/** Whether Entra issues a token for the credential. */
export async function checkToken(
  tokens: TokenSource,
  newest: CredentialIdentity,
): Promise<Passed<{ readonly tokens: TokenSource; readonly token: string }>> {
  const token = await tokens.get();
  const { kind, name, version } = tokens.credential();
  return {
    value: { tokens, token },
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
): Promise<Passed<object>> {
  const { openSigningKey } = await import("../signature/signing-key.ts");
  const { entry } = await openSigningKey(vaultUrl, name, identity, context);
  return { value: {}, detail: `${entry.alg} with ${entry.kid}` };
}

/** Whether an administrator consented to the app roles that the listing needs. */
export function checkRoles(token: string, settings: Settings, consentUrl: string): Passed<object> {
  const claims = readClaims(token);
  if (!claims) {
    return {
      value: {},
      detail: "the token cannot be read here",
      advice: "The graph check shows whether the roles suffice.",
    };
  }
  const roles = claims.roles ?? [];
  const missing = requiredAppRoles(settings.properties).filter((role) => !roles.includes(role));
  const detail = roles.length > 0 ? `the token has ${roles.join(", ")}` : "the token has no app role";
  if (missing.length === 0) return { value: {}, detail };
  const wider = WIDER_ROLES.find((role) => roles.includes(role));
  if (wider !== undefined && missing.join() === "User.Read.All") {
    return { value: {}, detail, advice: `Grant User.Read.All in place of ${wider}: a run only reads users.` };
  }
  throw new RollcallError("graph-permission-missing", {
    doing: "reading the token's roles",
    problem: `${detail}; the listing needs ${missing.join(" and ")}`,
    remedy:
      `Add ${missing.join(" and ")} (application, not delegated) to the app registration, ` +
      `then let an administrator consent at ${consentUrl}`,
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
