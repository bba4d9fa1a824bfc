import { SECOND } from "../clock.ts";
import type { UserRows } from "../rows/user-rows.ts";

/**
 * A part of the directory, by creation time, that can be listed by itself. Creation times never change, so no user moves
 * from one slice to another during a listing.
 */
export interface Slice {
  /** For `$filter`. */
  readonly filter: string;
  /** Whether Graph accepts the filter only as an advanced query: `ConsistencyLevel: eventual` and `$count=true`. */
  readonly advanced: boolean;
  /** When its users were created, in seconds since the epoch; `null` for users without a creation time. */
  readonly created: Period | null;
  /** How many users it is expected to hold; `undefined` if that must be counted once it is listed. */
  readonly expected: number | undefined;
}

/** A period in seconds since the epoch; a bound that is `undefined` is open. */
export interface Period {
  readonly from: number | undefined;
  /** The first second after it. */
  readonly to: number | undefined;
}

/** Where a directory can be cut, and how many users the slices have. */
export interface Cuts {
  /** Start of each dated slice but the first, in seconds since the epoch, ascending. */
  readonly starts: readonly number[];
  /** Users in each dated slice. One more than there are starts, because the first slice is open to the past. */
  readonly users: readonly number[];
}

/** Users without a creation time: objects from before June 2018 may have none. */
export const UNDATED: Slice = {
  filter: "createdDateTime eq null",
  advanced: true,
  created: null,
  expected: undefined,
};

/** Why a directory cannot be listed in slices, at least today. The run then lists it page after page. */
export class SlicingFailed extends Error {
  override readonly name = "SlicingFailed";
}

/**
 * Slices that cover all of time without overlap, and one for the undated users: every user is in exactly one. Both ends
 * are inclusive, because Graph has only `ge` and `le` for this property
 * (https://learn.microsoft.com/graph/aad-advanced-queries). The next slice starts one second later, because creation
 * times are in whole seconds; `createdSeconds` finds any that are not.
 *
 * The youngest slice, which grows, and the undated users are always counted: earlier numbers are not used for them.
 */
export function slicesFrom({ starts, users }: Cuts): readonly Slice[] {
  const dated = [undefined, ...starts].map((start, index) => between(start, starts[index], users[index]));
  const youngest = { ...between(starts.at(-1), undefined), expected: undefined };
  // First the slices that must be counted after their pages; then the others, the youngest first.
  return [youngest, UNDATED, ...dated.slice(0, -1).reverse()];
}

/**
 * Users created from `from` to just before `to`; a bound that is `undefined` is open.
 *
 * @param expected how many they are, if known
 */
export function between(from: number | undefined, to: number | undefined, expected?: number): Slice {
  const clauses = [
    ...(from === undefined ? [] : [`createdDateTime ge ${isoOf(from)}`]),
    ...(to === undefined ? [] : [`createdDateTime le ${isoOf(to - 1)}`]),
  ];
  // Even a slice of all time must leave out the undated users.
  const filter = clauses.join(" and ") || "createdDateTime ge 0001-01-01T00:00:00Z";
  return { filter, advanced: false, created: { from, to }, expected };
}

/** Whether all users on a page belong to its slice. They would not if Graph ignored the filter. */
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
