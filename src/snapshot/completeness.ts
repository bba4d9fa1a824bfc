import { RollcallError } from "../error.ts";
import { warning } from "../warning.ts";

/** What was found against what the directory says it has. Kept in the manifest. */
export interface Completeness {
  /** Users in all pages, repeated ones included. */
  readonly listed: number;
  /** Different users, which is how many the snapshot holds. */
  readonly unique: number;
  /** `listed - unique`: a listing that runs while the directory changes may show a user twice. */
  readonly duplicates: number;
  /** The directory's own count, taken before the listing, or after it where there was none before; `null`: no count. */
  readonly counted: number | null;
  /**
   * The count taken again after the listing; `null` where there was none. Absent in snapshots of Rollcall 1.0, which
   * counted once.
   */
  readonly countedAfter?: number | null | undefined;
  /** Whether the tenant is known to offer a count: no later run does without one then. Absent in snapshots of 1.0. */
  readonly countOffered?: boolean | undefined;
  /** `uncounted` where there was nothing to compare with. */
  readonly verdict: Verdict;
}

/** Whether a listing was held to a count. */
export type Verdict = "complete" | "uncounted";

/** A listing, and what the directory counted on either side of it; `null`: it gave no count. */
export interface CountedListing {
  readonly listed: number;
  readonly unique: number;
  readonly before: number | null;
  readonly after: number | null;
}

/** Whether a snapshot tells that its tenant offers a count. Those of Rollcall 1.0 tell by having one. */
export function tellsOfCount({ counted, countOffered }: Completeness): boolean {
  return countOffered ?? counted !== null;
}

/**
 * THE rule. The count comes from an eventually consistent index (https://learn.microsoft.com/graph/aad-advanced-queries),
 * so it may be off by a little on a day of changes; more than that is a cut list, or a count that is worth nothing.
 *
 * @returns by how many users a listing may differ from its count
 */
export function tolerance(counted: number): number {
  return Math.max(5, 0.001 * counted);
}

/** The fewest users that count as all of them. */
export function fewestAllowed(counted: number): number {
  return counted - tolerance(counted);
}

/** What a listing is to the counts on either side of it. */
export type Standing =
  /** No count contradicts it. */
  | "whole"
  /** It holds fewer users than both counts allow. */
  | "short"
  /** One count calls it whole, the other short: the directory changed meanwhile, or that one count is wrong. */
  | "disputed"
  /** It holds more users than both counts allow: these counts prove nothing. */
  | "exceeds";

/**
 * Compares a listing with both counts. Being short of one of them is enough for doubt. Exceeding one is not, where the
 * other agrees: the directory grew, or shrank, while it was listed.
 */
export function standingOf(unique: number, counts: readonly number[]): Standing {
  const short = counts.filter((counted) => unique < fewestAllowed(counted)).length;
  if (short > 0) return short === counts.length ? "short" : "disputed";
  return counts.every((counted) => unique > counted + tolerance(counted)) ? "exceeds" : "whole";
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

/** A listing that one of its counts calls whole and the other short. Listed again, it may agree with both. */
export class ListingDisputed extends RollcallError {}

/**
 * Decides whether a listing is whole.
 *
 * @param countOffered whether a former run had a count
 * @throws {RollcallError} `listing-short` when it holds fewer users than {@link fewestAllowed} by either count, as a
 *   {@link ListingDisputed} when only by one; `count-contradicted` when it holds more than both allow
 */
export function judgeCompleteness(
  { listed, unique, before, after }: CountedListing,
  countOffered = false,
): Completeness {
  const counts = [before, after].filter((count) => count !== null);
  const standing = counts.length === 0 ? "whole" : standingOf(unique, counts);
  const said = `${unique} different users were listed, but the directory counts ${countsInWords(before, after)}`;
  const doing = "comparing the listing with the directory's count";
  if (standing === "short") throw new RollcallError("listing-short", { doing, problem: said, remedy: SHORT });
  if (standing === "disputed")
    throw new ListingDisputed("listing-short", { doing, problem: said, remedy: SHORT });
  if (standing === "exceeds") {
    throw new RollcallError("count-contradicted", {
      doing,
      problem: `${said}: a count that is exceeded proves nothing`,
      remedy:
        "Nothing was published. The next run counts again; if it goes on, report it to Microsoft. " +
        "ROLLCALL_COUNT=off does without a count, and snapshots then say `uncounted`.",
    });
  }
  return {
    listed,
    unique,
    duplicates: listed - unique,
    counted: before ?? after,
    countedAfter: after,
    countOffered: countOffered || counts.length > 0,
    verdict: counts.length === 0 ? "uncounted" : "complete",
  };
}

const SHORT =
  "Nothing was published; the last whole snapshot stays the latest. If many users were created or deleted just now, the " +
  "next run agrees again; if it goes on, report it to Microsoft.";

function countsInWords(before: number | null, after: number | null): string {
  if (before === null || after === null || before === after) return `${before ?? after}`;
  return `${before} before the listing and ${after} after it`;
}

/**
 * What about the counts somebody should know although the listing is whole.
 *
 * @returns warnings
 */
export function countWarnings({ unique, counted, countedAfter }: Completeness): readonly string[] {
  if (counted === null || countedAfter === null || countedAfter === undefined) return [];
  if (Math.abs(counted - countedAfter) > tolerance(Math.max(counted, countedAfter))) {
    const counts = `${counted} users before the listing and ${countedAfter} after it`;
    return [warning("count-moved", `the directory counted ${counts}; ${unique} were listed`)];
  }
  const missing = Math.min(counted, countedAfter) - unique;
  if (missing <= 5) return [];
  return [
    warning(
      "listing-nearly-short",
      `${missing} of ${counted} users are missing, which the rule still allows`,
    ),
  ];
}
