import { z } from "zod";
import { parseJson } from "../http/json.ts";

/** Each in the form that Microsoft gives it: a token comes from outside, and what is read here is shown. */
const Claims = z.object({
  appid: z.guid().optional(),
  upn: z
    .string()
    .regex(/^[^\s@]{1,64}@[\w.-]{1,100}$/)
    .optional(),
  xms_mirid: z.string().optional(),
  roles: z
    .array(z.string())
    .transform((roles) => roles.filter((role) => /^[A-Za-z-]{1,40}(\.[A-Za-z-]{1,40}){0,4}$/.test(role)))
    .optional(),
});

/** What an access token says about its holder. */
export type TokenClaims = z.output<typeof Claims>;

/**
 * Reads a token's claims, for diagnostics only: a token is meant for its resource, and its form may change
 * (https://learn.microsoft.com/entra/identity-platform/access-tokens).
 *
 * @returns `undefined` when it cannot be read
 */
export function readClaims(token: string): TokenClaims | undefined {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url");
  return Claims.safeParse(parseJson(payload)).data;
}

/** Whom a token was issued to: `system-assigned managed identity, client id 1234…`, `user ann@contoso.com`. */
export function holderInWords(claims: TokenClaims | undefined): string {
  if (claims?.upn !== undefined) return `user ${claims.upn}`;
  if (claims?.appid === undefined) return "an identity that its token does not name";
  if (claims.xms_mirid === undefined) return `application ${claims.appid}`;
  const kind = /\/userAssignedIdentities\//i.test(claims.xms_mirid) ? "user-assigned" : "system-assigned";
  return `${kind} managed identity, client id ${claims.appid}`;
}
