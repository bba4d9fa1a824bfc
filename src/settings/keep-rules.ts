/** What snapshots are kept by, from the finest to the coarsest. */
export const KEEP_UNITS = ["last", "daily", "weekly", "monthly", "yearly"] as const;
export type KeepUnit = (typeof KEEP_UNITS)[number];

/**
 * How many snapshots are kept: `last` the newest ones, the others the newest of each of so many days, ISO weeks, months or
 * years (UTC) that have one. Each from 1; at least one is there.
 */
export type KeepRules = { readonly [unit in KeepUnit]?: number };

/** The most that a rule may keep. */
export const MOST_KEPT = 9999;
const NAMES = "last, daily, weekly, monthly or yearly";

/**
 * Reads rules as in `daily=30,monthly=12`.
 *
 * @returns the rules, or what is wrong, a clause without a subject
 */
export function parseKeepRules(text: string): KeepRules | string {
  const rules = new Map<KeepUnit, number>();
  for (const rule of text.split(",")) {
    const [name = "", number = "", ...more] = rule.split("=").map((word) => word.trim());
    const unit = KEEP_UNITS.find((known) => known === name);
    if (!unit) return `must be made of rules that begin with ${NAMES}`;
    if (rules.has(unit)) return `has ${unit} twice`;
    const count = keptCount(number);
    if (count === undefined || more.length > 0) {
      return `must give ${unit} a whole number from 1 to ${MOST_KEPT}`;
    }
    rules.set(unit, count);
  }
  return Object.fromEntries(rules);
}

/** A number of snapshots to keep; `undefined` if it is none. */
export function keptCount(text: string): number | undefined {
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined;
}
