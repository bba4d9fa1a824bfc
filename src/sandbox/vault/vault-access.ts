import type { ManagedIdentity } from "../entra/managed-identity.ts";
import { bearerOf, type TokenClaims, type TokenSigner } from "../entra/token.ts";
import { Refusal } from "../service/refusal.ts";
import type { ServiceRequest } from "../service/service.ts";

/** What the vault must know to tell who asks. */
export interface VaultAccessOptions {
  /** Checks the tokens. */
  readonly signer: TokenSigner;
  /** Who may have roles. */
  readonly identity: () => ManagedIdentity;
  /** Where the challenge sends callers without a token. */
  readonly authority: () => string;
}

/** The caller's token, checked; without one the caller is challenged. */
export function authenticate(options: VaultAccessOptions, request: ServiceRequest): TokenClaims {
  const token = bearerOf(request.headers.authorization);
  if (token === undefined) throw challenge(options, "AKV10000: Request is missing a Bearer or PoP token.");
  const claims = options.signer.read(token);
  if (claims === "malformed") throw challenge(options, "AKV10001: JWT is not well formed.");
  if (claims === "signature") throw challenge(options, "AKV10023: Signature of the token is invalid.");
  if (claims === "expired") throw challenge(options, "AKV10002: Token is expired.");
  if (claims.aud.replace(/\/$/, "") !== "https://vault.azure.net") {
    throw challenge(
      options,
      "AKV10022: Invalid audience. Expected https://vault.azure.net, found: another resource.",
    );
  }
  return claims;
}

function challenge(options: VaultAccessOptions, message: string): Refusal {
  const header = `Bearer authorization="${options.authority()}", resource="https://vault.azure.net"`;
  return new Refusal(401, "Unauthorized", message, { headers: { "WWW-Authenticate": header } });
}

/**
 * Refuses everybody but the identity, and the identity where it lacks the role.
 *
 * @param action the part of the data action below `vaults/`: `secrets/getSecret/action`
 * @param object `secrets/NAME`
 */
export function requireRole(
  options: VaultAccessOptions,
  caller: TokenClaims,
  needed: { readonly roleAssigned: boolean; readonly action: string; readonly object: string },
): void {
  if (needed.roleAssigned && caller.oid === options.identity().principalId) return;
  const message = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: appid=${caller.appid};oid=${caller.oid};iss=${options.signer.issuer}`,
    `Action: 'Microsoft.KeyVault/vaults/${needed.action}'`,
    `Resource: '/subscriptions/sandbox/resourcegroups/sandbox/providers/microsoft.keyvault/vaults/sandbox/${needed.object}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: 'DeniedWithNoValidRBAC' ",
    "Vault: sandbox;location=westeurope",
  ];
  throw new Refusal(403, "Forbidden", message.join("\r\n"), { detail: "ForbiddenByRbac" });
}
