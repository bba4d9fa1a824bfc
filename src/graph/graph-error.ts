import * as z from "zod";
import { type AzureAnswer, safeCode } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import { requiredAppRoles } from "../rows/properties.ts";
import { howToGrant } from "./grant.ts";
import type { UserQuery } from "./user-query.ts";

const ErrorDocument = z.object({
  error: z.object({ code: z.string() }),
});

/** The code in Graph's error document; `undefined` if the body is none: gateways answer with HTML or nothing. */
export function readGraphErrorCode(body: Buffer): string | undefined {
  return safeCode(ErrorDocument.safeParse(parseJson(body)).data?.error.code);
}

/** Whether an error code means that Graph no longer knows the page token, so that the listing must start again. */
export function isExpiredPageToken(code: string | undefined): boolean {
  return code === "Directory_ExpiredPageToken" || code === "DirectoryPageTokenNotFoundException";
}

/** The error for a 403, which names the permission to grant; `undefined` for any other answer. */
export function permissionError(
  answer: AzureAnswer,
  query: Pick<UserQuery, "properties" | "grantee">,
  doing: string,
): RollcallError | undefined {
  if (answer.status !== 403) return undefined;
  const roles = requiredAppRoles(query.properties);
  if (answer.code === "Authentication_RequestFromNonPremiumTenantOrB2CTenant") {
    return new RollcallError("graph-licence-missing", {
      doing,
      problem: "the tenant has no Entra ID P1 or P2 licence, which signInActivity needs",
      answer,
      remedy: "Remove signInActivity from ROLLCALL_PROPERTIES, or license the tenant.",
    });
  }
  return new RollcallError("graph-permission-missing", {
    doing,
    problem: `the token lacks an application permission; the listing needs ${roles.join(" and ")}`,
    answer,
    remedy: howToGrant(query.properties, query.grantee),
  });
}
