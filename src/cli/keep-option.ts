import { InvalidArgumentError } from "commander";
import { type KeepRules, keptCount, MOST_KEPT, parseKeepRules } from "../settings/keep-rules.ts";

/** Reads `daily=30,monthly=12`. */
export function parseKeep(text: string): KeepRules {
  const rules = parseKeepRules(text);
  if (typeof rules !== "string") return rules;
  throw new InvalidArgumentError(`It ${rules}, such as daily=30,monthly=12.`);
}

/** Reads how many snapshots a rule keeps. */
export function parseKeptCount(text: string): number {
  const count = keptCount(text);
  if (count === undefined)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_KEPT}.`);
  return count;
}
