import { z } from "zod";
import { type AzureAnswer, safeCode } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import { requiredAppRoles } from "../rows/properties.ts";
import type { UserQuery } from "./user-query.ts";

const ErrorDocument = z.object({
  error: z.object({ code: z.string() }),
});

/** Graph's error code, where the body is its error document; gateways answer HTML or nothing. */
export function readGraphErrorCode(body: Buffer): string | undefined {
  return safeCode(ErrorDocument.safeParse(parseJson(body)).data?.error.code);
}

/** A page token that Graph no longer knows: the listing can only be begun again. */
export function isExpiredPageToken(code: string | undefined): boolean {
  return code === "Directory_ExpiredPageToken" || code === "DirectoryPageTokenNotFoundException";
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
  query: Pick<UserQuery, "properties" | "consentUrl">,
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
