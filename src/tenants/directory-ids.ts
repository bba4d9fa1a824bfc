import { RollcallError } from "../error.ts";
import type { HttpContext } from "../http/http-client.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { eachOf } from "./each-of.ts";
import type { ListedTenant } from "./tenant-list.ts";

/**
 * Looks up the directory id of each tenant, in their order, for as long as there is time: where the authority keeps silent,
 * each domain would take minutes.
 *
 * @returns ids, and errors of domains that could not be looked up
 */
export async function directoryIds(
  tenants: readonly ListedTenant[],
  authorityHost: string,
  context: HttpContext,
): Promise<readonly (string | RollcallError)[]> {
  const late = new AbortController();
  const leftMs = context.deadlineMs - context.clock.elapsed();
  const timer = setTimeout(() => late.abort(tooLate(authorityHost)), leftMs);
  const signal = AbortSignal.any([context.signal, late.signal]);
  try {
    return await eachOf(tenants, async ({ tenant }) => {
      try {
        return await resolveTenantId(tenant, authorityHost, { ...context, signal });
      } catch (error) {
        context.signal.throwIfAborted();
        if (error instanceof RollcallError) return error;
        throw error;
      }
    });
  } finally {
    clearTimeout(timer);
  }
}

function tooLate(authorityHost: string): RollcallError {
  return new RollcallError("token-unavailable", {
    doing: `looking up directory ids at ${authorityHost}`,
    problem: "the time for the domains of all tenants is over",
    remedy: "Check outbound access to the authority host, or list directory ids instead of domains.",
  });
}
