import { RollcallError } from "../error.ts";
import { type Latest, type ListingEntry, parseManifest, type SlicesEntry } from "../snapshot/manifest.ts";
import type { Container } from "../storage/container.ts";
import type { Collected } from "./collect.ts";
import { USERS_PER_SLICE } from "./plan-listing.ts";
import { isoOf } from "./slice.ts";

/**
 * Where the last snapshot says that the directory can be cut.
 *
 * @returns seconds since the epoch, see `slicesFrom`; `undefined` when there is no last snapshot, or it does not say, or
 *   cannot be read: that costs some counting, never the run
 */
export async function knownStarts(
  container: Container,
  latest: Latest | undefined,
): Promise<readonly number[] | undefined> {
  if (!latest) return undefined;
  try {
    const blob = await container.read(latest.manifest);
    const slices = blob && parseManifest(blob.body, latest.manifest).source.slices;
    return slices?.starts.map((start) => Date.parse(start) / 1000);
  } catch (error) {
    if (
      error instanceof RollcallError &&
      (error.code === "snapshot-damaged" || error.code === "manifest-unsupported")
    ) {
      return undefined;
    }
    throw error;
  }
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
