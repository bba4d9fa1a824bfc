import { InvalidArgumentError } from "commander";
import { type KeepRules, keepRules, keptCount, MOST_KEPT } from "../settings/keep-setting.ts";

/** Reads `daily=30,monthly=12`. */
export function parseKeep(text: string): KeepRules {
  const { data, error } = keepRules.safeParse(text);
  if (data) return data;
  throw new InvalidArgumentError(`It ${error?.issues[0]?.message}, such as daily=30,monthly=12.`);
}

/** Reads how many snapshots a rule keeps. */
export function parseKeptCount(text: string): number {
  const count = keptCount(text);
  if (count === undefined)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_KEPT}.`);
  return count;
}
