import type { TenantState } from "../tenants/tenant-state.ts";
import { formatAge, formatCount, plural } from "./format.ts";
import { failedLastRun } from "./last-run-words.ts";

/** What a tenant is called. */
export function tenantLabel({ name, tenant }: Pick<TenantState, "name" | "tenant">): string {
  return name ?? tenant;
}

/** As {@link formatAge}; empty if there is no snapshot. */
export function ageInWords({ ageMs }: TenantState): string {
  return ageMs === null ? "" : formatAge(ageMs);
}

/** `+3 -1 ~12`; empty if that is not known. */
export function changesInShort({ latest }: TenantState): string {
  if (!latest || latest.joined === null || latest.left === null || latest.changed === null) return "";
  return `+${formatCount(latest.joined)} -${formatCount(latest.left)} ~${formatCount(latest.changed)}`;
}

/** What is wrong with a tenant, with what to do; `undefined` if nothing is known to be. */
export function troubleOf({ problem, lastRun, latest }: TenantState): string | undefined {
  if (problem) return `${problem.code}: ${problem.doing}: ${problem.problem}. ${problem.remedy}`;
  const failed = failedLastRun(lastRun ?? undefined, latest?.runId);
  return failed && `last run ${failed}`;
}

/** `48 of 50 tenants are fresh; 1 is stale, 1 has no snapshot. 1,000,000 users.` */
export function sumInWords(states: readonly TenantState[]): string {
  const count = (standing: TenantState["standing"]) =>
    states.filter((state) => state.standing === standing).length;
  const others = [
    [count("stale"), "stale"],
    [count("missing"), "without a snapshot"],
    [count("unknown"), "unknown"],
  ] as const;
  const rest = others
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${formatCount(number)} ${words}`);
  const users = states.reduce((sum, { latest }) => sum + (latest?.users ?? 0), 0);
  const fresh = `${formatCount(count("fresh"))} of ${plural(states.length, "tenant")} fresh`;
  return `${[fresh, ...rest].join(", ")}; ${plural(users, "user")}.`;
}
