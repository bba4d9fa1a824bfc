import { RollcallError } from "../error.ts";
import { warning } from "../warning.ts";

/** What was listed, compared with what the directory counts. Kept in the manifest. */
export interface Completeness {
  /** Users in all pages, repeated ones included. */
  readonly listed: number;
  /** Different users: how many the snapshot holds. */
  readonly unique: number;
  /** `listed - unique`: if the directory changes during a listing, a user may be listed twice. */
  readonly duplicates: number;
  /** The directory's own count before the listing, or after it if there was none before; `null` if there is none. */
  readonly counted: number | null;
  /**
   * The count after the listing; `null` if there was none. Absent in snapshots of Rollcall 1.0, which counted only once.
   */
  readonly countedAfter?: number | null | undefined;
  /** Whether the tenant is known to offer a count, so that later runs require one. Absent in snapshots of 1.0. */
  readonly countOffered?: boolean | undefined;
  /** `uncounted` if there was no count to compare with. */
  readonly verdict: Verdict;
}

/** Whether a listing was checked against a count. */
export type Verdict = "complete" | "uncounted";

/** A listing, and the directory's counts before and after it; `null` if there was no count. */
export interface CountedListing {
  readonly listed: number;
  readonly unique: number;
  readonly before: number | null;
  readonly after: number | null;
}

/** Whether a snapshot shows that its tenant offers a count. Snapshots of Rollcall 1.0 show it by having a count. */
export function showsCountOffered({ counted, countOffered }: Completeness): boolean {
  return countOffered ?? counted !== null;
}

/**
 * THE rule. The count comes from an eventually consistent index (https://learn.microsoft.com/graph/aad-advanced-queries),
 * so it may be slightly off on a day of changes. Any larger difference means a truncated list or a useless count.
 *
 * @returns how many users a listing may differ from its count
 */
export function tolerance(counted: number): number {
  return Math.max(5, 0.001 * counted);
}

/** The fewest users that count as all of them. */
export function fewestAllowed(counted: number): number {
  return counted - tolerance(counted);
}

/** How a listing compares with the counts before and after it. */
export type CountComparison =
  /** No count contradicts it. */
  | "whole"
  /** It holds fewer users than both counts allow. */
  | "short"
  /** It is whole by one count and short by the other: the directory changed meanwhile, or one count is wrong. */
  | "disputed"
  /** It holds more users than both counts allow: these counts prove nothing. */
  | "exceeds";

/**
 * Compares a listing with both counts. Being short of one count is enough for doubt. Exceeding one is not, if the other
 * agrees: the directory grew or shrank during the listing.
 */
export function compareWithCounts(unique: number, counts: readonly number[]): CountComparison {
  const short = counts.filter((counted) => unique < fewestAllowed(counted)).length;
  if (short > 0) return short === counts.length ? "short" : "disputed";
  return counts.every((counted) => unique > counted + tolerance(counted)) ? "exceeds" : "whole";
}

/** How a snapshot was checked against the previous one. Kept in the manifest. */
export interface Guard {
  /** The most that a list may shrink from one snapshot to the next, in percent. */
  readonly maxShrinkPercent: number;
  /** Whether it shrank by more and an operator accepted that. */
  readonly shrinkAccepted: boolean;
}

/** Options of {@link guardAgainstDisaster}. */
export interface GuardOptions {
  /** Users of the last snapshot; `undefined` for the first run. */
  readonly previousUsers: number | undefined;
  readonly maxShrinkPercent: number;
  /** Whether to accept a smaller list, this once. */
  readonly acceptShrink: boolean;
}

/**
 * Refuses a list that agrees with the count but is still suspicious, because systems downstream may delete every user who
 * is not on it.
 *
 * @throws {RollcallError} `listing-empty`, `listing-shrunk`
 */
export function guardAgainstDisaster(unique: number, options: GuardOptions): Guard {
  const { previousUsers, maxShrinkPercent, acceptShrink } = options;
  if (unique === 0) {
    throw new RollcallError("listing-empty", {
      doing: "checking the listing as a whole",
      problem: "it holds no users at all, but every directory has at least one administrator",
      remedy: "Nothing was published. Check ROLLCALL_TENANT_ID and ROLLCALL_CLOUD; run `rollcall doctor`.",
    });
  }
  const isShrunk = previousUsers !== undefined && unique < previousUsers * (1 - maxShrinkPercent / 100);
  if (isShrunk && !acceptShrink) {
    throw new RollcallError("listing-shrunk", {
      doing: "comparing the listing with the last snapshot",
      problem: `${unique} users were listed, ${Math.round((1 - unique / previousUsers) * 100)} % fewer than the ${previousUsers} of the last one`,
      remedy:
        `Nothing was published. If so many were really deleted, accept it once with \`rollcall snapshot ` +
        `--accept-shrink\`; ROLLCALL_MAX_SHRINK_PERCENT (${maxShrinkPercent}) sets the limit.`,
    });
  }
  return { maxShrinkPercent, shrinkAccepted: isShrunk };
}

/** Thrown for a listing that is whole by one count and short by the other. Another listing may agree with both. */
export class ListingDisputed extends RollcallError {}

/**
 * Decides whether a listing is whole.
 *
 * @param countOffered whether an earlier run had a count
 * @throws {RollcallError} `listing-short` if it holds fewer users than {@link fewestAllowed} by either count, as a
 *   {@link ListingDisputed} if only by one; `count-contradicted` if it holds more than both counts allow
 */
export function judgeCompleteness(
  { listed, unique, before, after }: CountedListing,
  countOffered = false,
): Completeness {
  const counts = [before, after].filter((count) => count !== null);
  const comparison = counts.length === 0 ? "whole" : compareWithCounts(unique, counts);
  const said = `${unique} different users were listed, but the directory counts ${formatCounts(before, after)}`;
  const doing = "comparing the listing with the directory's count";
  if (comparison === "short")
    throw new RollcallError("listing-short", { doing, problem: said, remedy: SHORT });
  if (comparison === "disputed")
    throw new ListingDisputed("listing-short", { doing, problem: said, remedy: SHORT });
  if (comparison === "exceeds") {
    throw new RollcallError("count-contradicted", {
      doing,
      problem: `${said}: a count that is exceeded proves nothing`,
      remedy:
        "Nothing was published. The next run counts again; if it keeps failing, report it to Microsoft. " +
        "ROLLCALL_COUNT=off turns the count off; snapshots then say `uncounted`.",
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
  "next run will agree again; if it keeps failing, report it to Microsoft.";

function formatCounts(before: number | null, after: number | null): string {
  if (before === null || after === null || before === after) return `${before ?? after}`;
  return `${before} before the listing and ${after} after it`;
}

/**
 * The warnings about the counts of a listing that is whole.
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
