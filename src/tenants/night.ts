import { MINUTE } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { HttpContext } from "../http/http-client.ts";
import { warning } from "../warning.ts";
import { resolveList } from "./resolve-list.ts";
import type { TenantList } from "./tenant-list.ts";

/** Entries that were left out and are told one by one. */
const MAX_TOLD = 20;

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

/**
 * Looks up the domains, and leaves out a tenant that is listed by its id and by a domain.
 *
 * @throws {RollcallError} `tenant-list-unusable` if that leaves nobody
 */
export async function planNight(
  list: TenantList,
  authorityHost: string,
  context: HttpContext,
): Promise<Night> {
  const { tenants, repeats } = await resolveList(list, authorityHost, context);
  if (tenants.length === 0) throw nobodyLeft(repeats);
  return {
    // What could not be looked up is told by the run on that tenant, and costs no other tenant its night.
    tenants: tenants.map(({ listed, tenantId }) => (typeof tenantId === "string" ? tenantId : listed.tenant)),
    warnings: inShort([...list.problems, ...repeats]),
  };
}

/** A night without tenants would end well, and in silence. */
function nobodyLeft(repeats: readonly string[]): RollcallError {
  return new RollcallError("tenant-list-unusable", {
    doing: "looking up the tenants of the night",
    problem: `all of them are disabled by another entry: ${repeats.slice(0, 5).join(" ").replace(/\.$/, "")}`,
    remedy: "Enable one, or stop the Function app if none is wanted.",
  });
}

/** One line has them all, of which Application Insights keeps 32,768 characters. */
function inShort(leftOut: readonly string[]): readonly string[] {
  const told = leftOut.slice(0, MAX_TOLD);
  if (leftOut.length > told.length) told.push(`${leftOut.length - told.length} more entries were left out`);
  return told.map((problem) => warning("tenant-left-out", problem));
}
