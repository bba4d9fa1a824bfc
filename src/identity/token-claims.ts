import * as z from "zod";
import { parseJson } from "../http/json.ts";

/** Each in the form that Microsoft gives it: a token comes from outside, and what is read here is shown. */
const Claims = z.object({
  appid: z.guid().optional(),
  /** The same in tokens of version 2. */
  azp: z.guid().optional(),
  upn: z
    .string()
    .regex(/^[^\s@]{1,64}@[\w.-]{1,100}$/)
    .optional(),
  xms_mirid: z.string().optional(),
  iss: z
    .string()
    .regex(/^https:\/\/[a-z0-9.:-]{1,100}\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/v2\.0$/)
    .optional()
    .catch(undefined),
  /** Directory id of the tenant that it is of. */
  tid: z.guid().optional().catch(undefined),
  /** Object id of the holder's service principal. */
  oid: z.guid().optional().catch(undefined),
  roles: z
    .array(z.string())
    .transform((roles) => roles.filter((role) => /^[A-Za-z-]{1,40}(\.[A-Za-z-]{1,40}){0,4}$/.test(role)))
    .optional(),
});

/** What an access token says about its holder. */
export type TokenClaims = z.output<typeof Claims>;

/**
 * Reads a token's claims, for diagnostics and for telling a user's token from an app's: a token is meant for its resource,
 * and its form may change (https://learn.microsoft.com/entra/identity-platform/access-tokens).
 *
 * @returns `undefined` when it cannot be read
 */
export function readClaims(token: string): TokenClaims | undefined {
  return Claims.safeParse(payloadOf(token)).data;
}

/** A user's token has at least one of these, whatever its form: `scp` is what the user lets an app do. */
const UsersClaims = z.union([
  z.object({ scp: z.string() }),
  z.object({ upn: z.string() }),
  z.object({ idtyp: z.literal("user") }),
]);

/** Whether a token was issued to a user. One that cannot be read counts as an app's. */
export function isUsersToken(token: string): boolean {
  return UsersClaims.safeParse(payloadOf(token)).success;
}

function payloadOf(token: string): unknown {
  return parseJson(Buffer.from(token.split(".")[1] ?? "", "base64url"));
}

/** Whether a token says that it is that of a system-assigned identity. */
export function isSystemAssigned(claims: TokenClaims | undefined): boolean {
  return claims?.xms_mirid !== undefined && !/\/userAssignedIdentities\//i.test(claims.xms_mirid);
}

/** Whom a token was issued to: `system-assigned managed identity, client id 1234…`, `user ann@contoso.com`. */
export function holderInWords(claims: TokenClaims | undefined): string {
  if (claims?.upn !== undefined) return `user ${claims.upn}`;
  const clientId = claims?.appid ?? claims?.azp;
  if (clientId === undefined) return "an identity that its token does not name";
  if (claims?.xms_mirid === undefined) return `application ${clientId}`;
  return `${isSystemAssigned(claims) ? "system" : "user"}-assigned managed identity, client id ${clientId}`;
}
