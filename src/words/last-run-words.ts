import type { LastRun } from "../archive/snapshots.ts";
import { runTimeMs } from "../snapshot/layout.ts";
import { formatTime } from "./format.ts";

/**
 * What the last run has to tell if it failed, with what to do: `failed at 2026-11-24 02:00 UTC with graph-permission-missing: …`.
 *
 * @param latest id of the newest snapshot; absent if there is none
 * @returns `undefined` if it committed, nothing is known, or there is a later snapshot
 */
export function failedLastRun(lastRun: LastRun | undefined, latest: string | undefined): string | undefined {
  if (!lastRun?.failure) return undefined;
  if (latest !== undefined && runTimeMs(latest) > Date.parse(lastRun.startedAt)) return undefined;
  const { code, doing, problem, remedy } = lastRun.failure;
  return `failed at ${formatTime(lastRun.startedAt)} with ${code}: ${doing}: ${problem}. ${remedy}`.trim();
}
