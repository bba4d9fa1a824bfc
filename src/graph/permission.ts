import { type AzureAnswer, RollcallError } from "../error.ts";
import { requiredAppRoles } from "./properties.ts";

/** What is listed, and on whose behalf; the same for the count and for each page. */
export interface UserQuery {
  /** User properties in the order of the rows. */
  readonly properties: readonly string[];
  /** Where an administrator grants what is missing. */
  readonly consentUrl: string;
}

/**
 * The page on which an administrator consents to the app's permissions.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
 */
export function adminConsentUrl(authorityHost: string, tenantId: string, clientId: string): string {
  return `${authorityHost}/${tenantId}/adminconsent?client_id=${clientId}`;
}

/** The error for a 403, naming what to grant; `undefined` for any other answer. */
export function permissionError(
  answer: AzureAnswer,
  query: UserQuery,
  doing: string,
): RollcallError | undefined {
  if (answer.status !== 403) return undefined;
  const roles = requiredAppRoles(query.properties);
  if (answer.code === "Authentication_RequestFromNonPremiumTenantOrB2CTenant") {
    return new RollcallError("graph-licence-missing", {
      doing,
      problem: "the tenant has no Entra ID P1 or P2 licence, which signInActivity needs",
      answer,
      remedy: "Take signInActivity out of ROLLCALL_PROPERTIES, or license the tenant.",
    });
  }
  return new RollcallError("graph-permission-missing", {
    doing,
    problem: `the app lacks an application permission; the listing needs ${roles.join(" and ")}`,
    answer,
    remedy:
      `Add ${roles.join(" and ")} (application, not delegated) to the app registration, ` +
      `then let an administrator consent at ${query.consentUrl} ; a token from before the consent lasts up to 90 minutes.`,
  });
}
