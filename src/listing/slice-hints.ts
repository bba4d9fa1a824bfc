import { SECOND } from "../clock.ts";
import type { ListingEntry, Manifest, SlicesEntry } from "../snapshot/manifest.ts";
import type { Collected } from "./collect.ts";
import { USERS_PER_SLICE } from "./plan-listing.ts";
import { type Cuts, isoOf } from "./slice.ts";

/**
 * Where the last snapshot says that the directory can be cut, and what each slice held then.
 *
 * @returns `undefined` where there is no last snapshot, or it does not say: Rollcall 1.0 kept no numbers of users, to
 *   which slices could be held. That costs some counting
 */
export function knownCuts(previous: Manifest | undefined): Cuts | undefined {
  const { starts, users } = previous?.source.slices ?? {};
  if (!starts || users?.length !== starts.length + 1) return undefined;
  return { starts: starts.map((start) => Date.parse(start) / SECOND), users };
}

/** What the manifest says about how the users were listed. */
export function listingEntries(
  { sliced, fellBack, relisted, cuts }: Collected,
  slices: number,
  planFellBack: string | null,
): { readonly listing: ListingEntry; readonly slices: SlicesEntry | null } {
  return {
    listing: {
      used: sliced ? "sliced" : "sequential",
      slices: sliced ? slices : 0,
      relisted,
      fellBack: fellBack ?? planFellBack,
    },
    slices: cuts ? { usersEach: USERS_PER_SLICE, starts: cuts.starts.map(isoOf), users: cuts.users } : null,
  };
}
