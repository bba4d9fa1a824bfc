import { MINUTE } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { HttpContext } from "../http/http-client.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { warning } from "../warning.ts";
import type { TenantList } from "./tenant-list.ts";

/** Tenants at the same time whose domains are looked up, and whose messages are sent. */
const AT_A_TIME = 16;

/** The tenants of a night. */
export interface Night {
  /** Directory ids; a domain where it could not be looked up, which is then the worker's to tell of. Each once. */
  readonly tenants: readonly string[];
  /** Entries that were left out, each with its reason. */
  readonly warnings: readonly string[];
}

/**
 * The time that a timer's call is for: when it was due, so that a call that is repeated is for the same.
 *
 * @param due as the host's monitor has it; absent for a call by hand
 */
export function slotOf(due: string | undefined, nowMs: number): Date {
  const dueMs = Date.parse(due ?? "");
  // A timer may fire a moment early; a time ahead is the next call's, and this one was made by hand.
  return new Date(dueMs > 0 && dueMs <= nowMs + MINUTE ? dueMs : nowMs);
}

/** Looks up the domains, and leaves out a tenant that is listed by its id and by a domain. */
export async function planNight(
  list: TenantList,
  authorityHost: string,
  context: HttpContext,
): Promise<Night> {
  const tenants = new Map<string, string>();
  const warnings = [...list.problems, ...list.repeats].map((problem) => warning("tenant-left-out", problem));
  const ids = await eachOf(list.tenants, ({ tenant }) => idOrName(tenant, authorityHost, context));
  for (const [at, { tenant }] of list.tenants.entries()) {
    const id = ids[at] ?? tenant;
    const first = tenants.get(id);
    if (first === undefined) tenants.set(id, tenant);
    else warnings.push(warning("tenant-left-out", isTwice(tenant, first, id)));
  }
  return { tenants: [...tenants.keys()], warnings };
}

/** What is told of a tenant that is listed by its id and by a domain, or by two domains. */
export function isTwice(tenant: string, first: string, tenantId: string): string {
  return `${tenant} is the same tenant as ${first}, ${tenantId}`;
}

/** What work gives for each item, in their order; a few at a time. */
export async function eachOf<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const rest = items.entries();
  const worker = async () => {
    for (const [at, item] of rest) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, worker));
  return results;
}

async function idOrName(tenant: string, authorityHost: string, context: HttpContext): Promise<string> {
  try {
    return await resolveTenantId(tenant, authorityHost, context);
  } catch (error) {
    context.signal.throwIfAborted();
    // It is told by the run on that tenant, and costs no other tenant its night.
    if (error instanceof RollcallError) return tenant;
    throw error;
  }
}
