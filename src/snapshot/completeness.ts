import { RollcallError } from "../error.ts";

/** What was found against what the directory says it has. Kept in the manifest. */
export interface Completeness {
  /** Users in all pages, repeated ones included. */
  readonly listed: number;
  /** Different users, which is how many the snapshot holds. */
  readonly unique: number;
  /** `listed - unique`: a listing that runs while the directory changes may show a user twice. */
  readonly duplicates: number;
  /** The directory's own count, taken before the listing; `null` where the tenant offers none. */
  readonly counted: number | null;
  /** `uncounted` where there was nothing to compare with. */
  readonly verdict: "complete" | "uncounted";
}

/**
 * THE rule. The count comes from an eventually consistent index (https://learn.microsoft.com/graph/aad-advanced-queries),
 * so it may be off by a little on a day of changes; more than that is a cut list.
 *
 * @returns the fewest users that count as all of them
 */
export function fewestAllowed(counted: number): number {
  return counted - Math.max(5, 0.001 * counted);
}

/**
 * Decides whether a listing is whole.
 *
 * @throws {RollcallError} `listing-short` when it holds fewer users than {@link fewestAllowed}
 */
export function judgeCompleteness(listed: number, unique: number, counted: number | null): Completeness {
  if (counted !== null && unique < fewestAllowed(counted)) {
    throw new RollcallError("listing-short", {
      doing: "comparing the listing with the directory's count",
      problem: `${unique} different users were listed, but the directory counts ${counted}`,
      remedy:
        "Nothing was published; the last whole snapshot stays the latest. If many users were deleted just now, the next " +
        "run agrees again; if it goes on, report it to Microsoft.",
    });
  }
  return {
    listed,
    unique,
    duplicates: listed - unique,
    counted,
    verdict: counted === null ? "uncounted" : "complete",
  };
}
