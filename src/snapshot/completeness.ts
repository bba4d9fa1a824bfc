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

/** What a snapshot was held to against the one before. Kept in the manifest. */
export interface Guard {
  /** The most that a list may shrink from one snapshot to the next, in percent of the former. */
  readonly maxShrinkPercent: number;
  /** Whether it shrank by more and somebody let it through. */
  readonly shrinkAccepted: boolean;
}

/** What {@link guardAgainstDisaster} knows. */
export interface GuardOptions {
  /** Users of the last snapshot; `undefined` for the first run. */
  readonly previousUsers: number | undefined;
  readonly maxShrinkPercent: number;
  /** Whether to let a smaller list through, this once. */
  readonly acceptShrink: boolean;
}

/**
 * Keeps a list that agrees with the count, and yet cannot be meant, away from everything downstream that would delete
 * whoever is not on it.
 *
 * @throws {RollcallError} `listing-empty`, `listing-shrunk`
 */
export function guardAgainstDisaster(unique: number, options: GuardOptions): Guard {
  const { previousUsers, maxShrinkPercent, acceptShrink } = options;
  if (unique === 0) {
    throw new RollcallError("listing-empty", {
      doing: "looking at the listing as a whole",
      problem: "it holds no users at all, and a directory has its administrator at least",
      remedy:
        "Nothing was published. Check ROLLCALL_TENANT_ID and ROLLCALL_CLOUD; `rollcall doctor` tells more.",
    });
  }
  const isShrunk = previousUsers !== undefined && unique < previousUsers * (1 - maxShrinkPercent / 100);
  if (isShrunk && !acceptShrink) {
    throw new RollcallError("listing-shrunk", {
      doing: "comparing the listing with the last snapshot",
      problem: `${unique} users were listed, ${Math.round((1 - unique / previousUsers) * 100)} % fewer than the ${previousUsers} of the last one`,
      remedy:
        `Nothing was published. If so many were really deleted, let it through once with \`rollcall snapshot ` +
        `--accept-shrink\`; ROLLCALL_MAX_SHRINK_PERCENT (${maxShrinkPercent}) sets the limit.`,
    });
  }
  return { maxShrinkPercent, shrinkAccepted: isShrunk };
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
