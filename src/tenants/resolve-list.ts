import { RollcallError } from "../error.ts";
import type { HttpContext } from "../http/http-client.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { eachOf } from "./each-of.ts";
import type { ListedTenant, TenantList } from "./tenant-list.ts";

/** A tenant and its directory. */
export interface ResolvedTenant {
  readonly listed: ListedTenant;
  /** Directory id; the error of a domain that could not be looked up. */
  readonly tenantId: string | RollcallError;
}

/** The tenants of a list by their directories. */
export interface ResolvedList {
  /** Each directory once, in the order of the list. */
  readonly tenants: readonly ResolvedTenant[];
  /** What is told of entries of a tenant that another entry has, by its id or by another domain; sentences. */
  readonly repeats: readonly string[];
}

/** Looks up the domains of a list, and leaves out a tenant that is listed by its id and by a domain, or disabled by either. */
export async function resolveList(
  { tenants: listed, disabled, repeats: known }: Pick<TenantList, "tenants" | "disabled" | "repeats">,
  authorityHost: string,
  context: HttpContext,
): Promise<ResolvedList> {
  const [ids, disabledIds] = await Promise.all([
    directoryIds(listed, authorityHost, context),
    directoryIds(disabled, authorityHost, context),
  ]);
  const tenants = new Map<string, ResolvedTenant>();
  const repeats = [...known];
  for (const [at, entry] of listed.entries()) {
    const tenantId = ids[at] ?? entry.tenant;
    const id = typeof tenantId === "string" ? tenantId : entry.tenant;
    const off = disabled[disabledIds.indexOf(id)];
    const first = off ?? tenants.get(id)?.listed;
    if (first === undefined) tenants.set(id, { listed: entry, tenantId });
    else {
      const why = off ? ", which is disabled" : "";
      repeats.push(`${entry.tenant} is the same tenant as ${first.tenant}, ${id}${why}; it was left out.`);
    }
  }
  return { tenants: [...tenants.values()], repeats };
}

/**
 * Looks up the directory id of each tenant, in their order, for as long as there is time: where the authority keeps silent,
 * each domain would take minutes.
 *
 * @returns ids, and errors of domains that could not be looked up
 */
async function directoryIds(
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
