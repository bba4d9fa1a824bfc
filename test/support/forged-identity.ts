import type { AccessToken, TokenCredential } from "@azure/identity";
import { openAzureIdentity } from "../../src/identity/azure-identity.ts";
import { createTokenSigner } from "../../src/sandbox/entra/token.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";

/** The tenant's identity, but for the tokens of some resources, which `forge` makes. */
export function identityBut(
  tenant: Tenant,
  forge: (resource: string) => string | undefined,
): TokenCredential {
  const identity = openAzureIdentity(tenant.identity.clientId);
  return {
    getToken: async (scopes, options): Promise<AccessToken | null> => {
      const token = forge(String(scopes).replace(/\/\.default$/, ""));
      if (token === undefined) return await identity.getToken(scopes, options);
      return { token, expiresOnTimestamp: Date.now() + 3_600_000, tokenType: "Bearer" };
    },
  };
}

/** A token of three parts that says these things; nobody has signed it. */
export function unsignedToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ typ: "JWT", alg: "RS256", kid: "nobody" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** An assertion like that of the tenant's identity, but signed with a stranger's key. */
export async function strangersAssertion({ identity, entra, tenantId }: Tenant): Promise<string> {
  const stranger = await createTokenSigner(tenantId);
  return stranger.issueAssertion({
    iss: `${entra.origin}/${tenantId}/v2.0`,
    sub: identity.principalId,
    aud: "fb60f99c-7a34-4190-8149-302f77469936",
    appId: identity.clientId,
    lifetimeSeconds: 3600,
  });
}
