import type { Snapshots } from "../archive/snapshots.ts";
import { failedLastRun } from "../words/last-run-words.ts";
import { hang } from "./wrap.ts";

/**
 * Lines about a last run that failed, for whoever looks at snapshots; none if it did not, or there is a later snapshot.
 *
 * @param latest id of the newest snapshot; absent if there is none
 */
export async function lastNight(
  snapshots: Snapshots,
  latest: string | undefined,
): Promise<readonly string[]> {
  const failed = failedLastRun(await snapshots.lastRun(), latest);
  return failed === undefined ? [] : hang("! Last run: ", failed);
}
