import { SECOND } from "../clock.ts";
import type { UserRows } from "../rows/user-rows.ts";

/**
 * A part of the directory that can be listed by itself, by time of creation. That time never changes, so no user moves
 * from one slice to another while they are listed.
 */
export interface Slice {
  /** For `$filter`. */
  readonly filter: string;
  /** Whether Graph takes the filter as an advanced query only: `ConsistencyLevel: eventual` and `$count=true`. */
  readonly advanced: boolean;
  /** When its users were created, in seconds since the epoch; `null` for those without a time of creation. */
  readonly created: Period | null;
  /** How many users it is known to hold; `undefined` where that has to be counted once it is listed. */
  readonly expected: number | undefined;
}

/** Seconds since the epoch; open where a bound is `undefined`. */
export interface Period {
  readonly from: number | undefined;
  /** The first second behind it. */
  readonly to: number | undefined;
}

/** Where a directory can be cut, and what is known of the slices. */
export interface Cuts {
  /** Beginnings of all dated slices but the first, in seconds since the epoch, ascending. */
  readonly starts: readonly number[];
  /** Users in each dated slice, one more than there are starts: the first is open to the past. */
  readonly users: readonly number[];
}

/** Users without a time of creation: objects from before June 2018 may have none. */
export const UNDATED: Slice = {
  filter: "createdDateTime eq null",
  advanced: true,
  created: null,
  expected: undefined,
};

/** Why a directory cannot be listed in slices, or not on this day. The run then lists it page after page. */
export class SlicingFailed extends Error {
  override readonly name = "SlicingFailed";
}

/**
 * Slices that tile all of time, and the undated users: every user is in exactly one. The ends are inclusive, as Graph
 * has only `ge` and `le` for this property (https://learn.microsoft.com/graph/aad-advanced-queries), and one second
 * apart, as times of creation are whole seconds; `createdSeconds` tells when one is not.
 *
 * What is known of the youngest slice, which grows, and of the undated users is not used: both are counted each night.
 */
export function slicesFrom({ starts, users }: Cuts): readonly Slice[] {
  const dated = [undefined, ...starts].map((start, index) => between(start, starts[index], users[index]));
  const youngest = { ...between(starts.at(-1), undefined), expected: undefined };
  // First those that have to be counted behind their pages; then the younger ones, as they were before.
  return [youngest, UNDATED, ...dated.slice(0, -1).reverse()];
}

/**
 * Users created from `from` on and before `to`; open where that is `undefined`.
 *
 * @param expected how many they are, where it is known
 */
export function between(from: number | undefined, to: number | undefined, expected?: number): Slice {
  const clauses = [
    ...(from === undefined ? [] : [`createdDateTime ge ${isoOf(from)}`]),
    ...(to === undefined ? [] : [`createdDateTime le ${isoOf(to - 1)}`]),
  ];
  // A slice of all of time still leaves the undated users out.
  const filter = clauses.join(" and ") || "createdDateTime ge 0001-01-01T00:00:00Z";
  return { filter, advanced: false, created: { from, to }, expected };
}

/** Whether a page of a slice holds nobody but users of that slice: a filter that is ignored lets all of them through. */
export function holdsOnly({ created }: Slice, rows: UserRows): boolean {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = created ?? {};
  for (let index = 0; index < rows.count; index++) {
    const second = rows.createdAt(index);
    if (created === null ? second !== undefined : second === undefined || second < from || second >= to)
      return false;
  }
  return true;
}

/** `2026-11-22T02:00:00Z` for a number of seconds since the epoch. */
export function isoOf(seconds: number): string {
  return `${new Date(seconds * SECOND).toISOString().slice(0, 19)}Z`;
}
