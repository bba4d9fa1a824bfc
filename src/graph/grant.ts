import { adminConsentUrl } from "../identity/consent-url.ts";
import { readClaims } from "../identity/token-claims.ts";
import { requiredAppRoles } from "../rows/properties.ts";
import type { Settings } from "../settings/settings.ts";

/** Whom app roles are granted to. */
export type Grantee =
  /** An app registration: an administrator consents on a page. */
  | { readonly kind: "app"; readonly consentUrl: string }
  /** A managed identity: there is no such page. */
  | { readonly kind: "identity"; readonly objectId: string | undefined };

/** Whom the settings have sign in. */
export function granteeOf(
  { cloud, credential }: Pick<Settings, "cloud" | "credential">,
  tenantId: string,
  token: string,
): Grantee {
  return credential.kind === "managed-identity"
    ? { kind: "identity", objectId: readClaims(token)?.oid }
    : { kind: "app", consentUrl: adminConsentUrl(cloud.authorityHost, tenantId, credential.clientId) };
}

/** How the app roles that a listing needs are granted, and how long that takes; sentences for an error's remedy. */
export function howToGrant(properties: readonly string[], grantee: Grantee): string {
  const roles = requiredAppRoles(properties).join(" and ");
  if (grantee.kind === "app") {
    return (
      `Add ${roles} (application, not delegated) to the app registration, ` +
      `then have an administrator consent at ${grantee.consentUrl} ; tokens from before that stay valid for up to 90 minutes.`
    );
  }
  const identity = grantee.objectId ?? "OBJECT_ID";
  return (
    `Have a Privileged Role Administrator grant ${roles} to the managed identity, for which there is no consent page: ` +
    `\`bash infra/graph/register.sh --credential managed-identity --identity ${identity}\` grants User.Read.All, ` +
    "docs/settings.md has the call for any role. The platform keeps a token for up to 24 hours, so the role may be " +
    "missing for that long; starting the app again does not help."
  );
}
