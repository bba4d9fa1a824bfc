import { SECOND } from "../clock.ts";

/**
 * A part of the directory that can be listed by itself, by time of creation. That time never changes, so no user moves
 * from one slice to another while they are listed.
 */
export interface Slice {
  /** For `$filter`. */
  readonly filter: string;
  /** Whether Graph takes the filter as an advanced query only: `ConsistencyLevel: eventual` and `$count=true`. */
  readonly advanced: boolean;
}

/** Users without a time of creation: objects from before June 2018 may have none. */
export const UNDATED: Slice = { filter: "createdDateTime eq null", advanced: true };

/** Why a directory cannot be listed in slices, or not on this day. The run then lists it page after page. */
export class SlicingFailed extends Error {
  override readonly name = "SlicingFailed";
}

/**
 * Slices that tile all of time, and the undated users: every user is in exactly one. The ends are inclusive, as Graph
 * has only `ge` and `le` for this property (https://learn.microsoft.com/graph/aad-advanced-queries), and one second
 * apart, as times of creation are whole seconds; `createdSeconds` tells when one is not.
 *
 * @param starts beginnings of all dated slices but the first, in seconds since the epoch, ascending; the first slice is
 *   open to the past, the last to the future
 */
export function slicesFrom(starts: readonly number[]): readonly Slice[] {
  const dated = [undefined, ...starts].map((start, index) => between(start, starts[index]));
  // The youngest first: it grows with the day, and may need a second page.
  return [...dated.reverse(), UNDATED];
}

/** Users created from `start` on and before `end`; open where that is `undefined`. */
export function between(start: number | undefined, end: number | undefined): Slice {
  const from = start === undefined ? [] : [`createdDateTime ge ${isoOf(start)}`];
  const to = end === undefined ? [] : [`createdDateTime le ${isoOf(end - 1)}`];
  return { filter: [...from, ...to].join(" and "), advanced: false };
}

/** `2026-11-22T02:00:00Z` for a number of seconds since the epoch. */
export function isoOf(seconds: number): string {
  return `${new Date(seconds * SECOND).toISOString().slice(0, 19)}Z`;
}
