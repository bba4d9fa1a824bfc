import { bearerOf, type TokenClaims, type TokenSigner } from "../entra/token.ts";
import { findFault } from "../service/fault.ts";
import { Refusal } from "../service/refusal.ts";
import type { ServiceRequest } from "../service/service.ts";

const AUDIENCES = ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"];

/** App roles that may list users (learn.microsoft.com/graph/api/user-list). */
const LIST_ROLES = ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/** Properties that need another app role. */
const PROPERTY_ROLES: ReadonlyMap<string, string> = new Map([
  ["employeeLeaveDateTime", "User-LifeCycleInfo.Read.All"],
  ["customSecurityAttributes", "CustomSecAttributeAssignment.Read.All"],
]);

/** Checks for a valid token of this tenant for Graph, with a role that may list users. Returns its claims, or refuses. */
export function checkGraphToken(signer: TokenSigner, request: ServiceRequest): TokenClaims {
  const token = bearerOf(request.headers.authorization);
  if (token === undefined) throw unauthenticated("Access token is empty.");
  if (findFault(request.faults, "rejectToken")) throw unauthenticated("Access token validation failure.");
  const claims = signer.read(token);
  if (claims === "expired") throw unauthenticated("Lifetime validation failed, the token is expired.");
  if (typeof claims === "string") throw unauthenticated("Access token validation failure.");
  if (!AUDIENCES.includes(claims.aud))
    throw unauthenticated("Access token validation failure. Invalid audience.");
  if (!LIST_ROLES.some((role) => claims.roles?.includes(role))) throw denied();
  return claims;
}

/**
 * Refuses properties that the roles do not cover.
 *
 * @param premium whether the tenant is not B2C and has the licence for sign-in activity
 */
export function checkProperties(select: readonly string[], roles: readonly string[], premium: boolean): void {
  for (const property of select) {
    const role = PROPERTY_ROLES.get(property);
    if (role !== undefined && !roles.includes(role)) throw denied();
    if (property !== "signInActivity") continue;
    if (!roles.includes("AuditLog.Read.All")) {
      const message = "Calling principal does not have required MSGraph permissions AuditLog.Read.All";
      throw new Refusal(403, "Authentication_MSGraphPermissionMissing", message);
    }
    if (!premium) {
      const message = "Neither tenant is B2C or tenant doesn't have premium license";
      throw new Refusal(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", message);
    }
  }
}

function unauthenticated(message: string): Refusal {
  return new Refusal(401, "InvalidAuthenticationToken", message, {
    headers: { "WWW-Authenticate": 'Bearer realm=""' },
  });
}

function denied(): Refusal {
  return new Refusal(
    403,
    "Authorization_RequestDenied",
    "Insufficient privileges to complete the operation.",
  );
}
