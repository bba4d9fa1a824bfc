import * as z from "zod";
import { RollcallError } from "../error.ts";
import { HttpClient, type HttpContext } from "../http/http-client.ts";
import { parseJson } from "../http/json.ts";
import { redirectError } from "../http/refused-way.ts";
import { describeExhausted, retry } from "../http/retry.ts";

const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
const OpenIdConfiguration = z.object({ issuer: z.string().regex(GUID) });

/**
 * The directory's id, also where a verified domain was configured: blobs are named by what never changes.
 *
 * Asks for the tenant's OpenID configuration, whose `issuer` holds the id; no token is needed
 * (https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc).
 *
 * @param tenant directory id or verified domain; an id is returned as it is, without asking
 * @throws {RollcallError} `tenant-not-found`, `token-unavailable`, `redirect-refused`, `proxy-refused`
 */
export async function resolveTenantId(
  tenant: string,
  authorityHost: string,
  context: HttpContext,
): Promise<string> {
  if (new RegExp(`^${GUID.source}$`, "i").test(tenant)) return tenant;
  const doing = `looking up the directory id of ${tenant} at ${authorityHost}`;
  const url = `${authorityHost}/${tenant}/v2.0/.well-known/openid-configuration`;
  await using client = new HttpClient(undefined, context.proxy);
  return await retry(context, {
    attempt: async () => {
      const response = await client.send({ method: "GET", url, headers: {} }, context.signal);
      if (response.status === 400 || response.status === 404)
        throw tenantNotFound(tenant, doing, response.status);
      const redirect = redirectError(response, url, doing);
      if (redirect) throw redirect;
      if (response.status !== 200) {
        return {
          failed: { kind: "status", status: response.status, retryAfter: response.headers["retry-after"] },
        };
      }
      const parsed = OpenIdConfiguration.safeParse(parseJson(await response.body()));
      const id = parsed.data && GUID.exec(parsed.data.issuer)?.[0];
      return id
        ? { done: id.toLowerCase() }
        : { failed: { kind: "damaged", reason: "no issuer with a directory id" } };
    },
    giveUp: (exhausted) =>
      new RollcallError("token-unavailable", {
        doing,
        problem: describeExhausted(exhausted),
        remedy:
          "Check outbound access to the authority host, or configure the directory id instead of a domain.",
      }),
  });
}

/** The error for a tenant that the authority does not know. */
export function tenantNotFound(tenant: string, doing: string, status: number | undefined): RollcallError {
  return new RollcallError("tenant-not-found", {
    doing,
    problem: `the authority knows no tenant ${tenant}`,
    answer: { status, code: "AADSTS90002" },
    remedy:
      "Check ROLLCALL_TENANT_ID or ROLLCALL_TENANTS (Entra admin centre, Overview) and that ROLLCALL_CLOUD is the tenant's cloud.",
  });
}
