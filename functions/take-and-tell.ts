import type { InvocationContext } from "@azure/functions";
import { type Environment, readSettings } from "../src/settings/settings.ts";
import { type RunOptions, takeSnapshot } from "../src/take-snapshot.ts";
import { terminated } from "./running.ts";
import { committedSummary, presentSummary, type Summary } from "./summary.ts";

/**
 * Takes a snapshot and writes one JSON line about it. A failed run is its caller's to tell of.
 *
 * @param environment settings for one tenant
 * @param occasion what the line tells of the invocation
 */
export async function takeAndTell(
  environment: Environment,
  context: InvocationContext,
  occasion: Summary,
  options: RunOptions = {},
): Promise<void> {
  const taken = await takeSnapshot(readSettings(environment), { signal: terminated, ...options });
  for (const warning of taken.warnings) context.warn(warning);
  const summary = taken.isNew ? committedSummary(taken) : presentSummary(taken);
  context.log(JSON.stringify({ ...summary, ...occasion }));
}
