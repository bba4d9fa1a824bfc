import { SECOND } from "../clock.ts";
import type { Progress } from "../progress.ts";
import { formatCount, plural } from "../words/format.ts";

const PHASES = {
  lock: "Taking the lock",
  credential: "Getting the credential and a token",
  count: "Counting the users",
  changes: "Comparing with the last snapshot",
  commit: "Committing the snapshot",
  prune: "Deleting old snapshots",
} as const;

/**
 * What a run is doing, in one line: `12,345 of 20,001 users  62%  1,234 users/s  2 retries`.
 *
 * @param listingMs milliseconds since the listing began
 */
export function progressLine(progress: Progress, listingMs: number): string {
  if (progress.phase !== "list") return PHASES[progress.phase];
  const { users, counted, retries, slices, slicesDone } = progress;
  const rate = listingMs > 0 ? Math.round(users / (listingMs / SECOND)) : 0;
  return [
    counted === null ? plural(users, "user") : `${formatCount(users)} of ${plural(counted, "user")}`,
    // Never above 100, though the directory may grow meanwhile; and never 100 before the last user.
    ...(counted ? [`${Math.min(100, Math.floor((users / counted) * 100))}%`] : []),
    ...(rate > 0 ? [`${formatCount(rate)} users/s`] : []),
    ...(slices > 0 ? [`slice ${formatCount(slicesDone)} of ${formatCount(slices)}`] : []),
    ...(counted !== null && rate > 0 && users < counted ? [timeLeft((counted - users) / rate)] : []),
    ...(retries > 0 ? [plural(retries, "retry", "retries")] : []),
  ].join("  ");
}

function timeLeft(seconds: number): string {
  return seconds < 60 ? `${Math.ceil(seconds)} s left` : `${Math.ceil(seconds / 60)} min left`;
}
