import { USERS_PER_SLICE } from "../graph/plan-listing.ts";
import { isoOf } from "../graph/slice.ts";
import type { Collected } from "./collect.ts";
import type { ListingEntry, Manifest, SlicesEntry } from "./manifest.ts";

/**
 * Where the last snapshot says that the directory can be cut.
 *
 * @returns seconds since the epoch, see `slicesFrom`; `undefined` when there is no last snapshot, or it does not say
 */
export function knownStarts(previous: Manifest | undefined): readonly number[] | undefined {
  return previous?.source.slices?.starts.map((start) => Date.parse(start) / 1000);
}

/** What the manifest says about how the users were listed. */
export function listingEntries(
  { sliced, fellBack, starts }: Collected,
  slices: number,
  planFellBack: string | null,
): { readonly listing: ListingEntry; readonly slices: SlicesEntry | null } {
  return {
    listing: {
      used: sliced ? "sliced" : "sequential",
      slices: sliced ? slices : 0,
      fellBack: fellBack ?? planFellBack,
    },
    slices: starts ? { usersEach: USERS_PER_SLICE, starts: starts.map(isoOf) } : null,
  };
}
