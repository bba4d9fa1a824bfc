import { countWarnings, tolerance } from "../snapshot/completeness.ts";
import type { ListingEntry, Manifest } from "../snapshot/manifest.ts";
import { warning } from "../warning.ts";
import type { WrittenListing } from "./write-listing.ts";

/** There is no warning if at most this many users had a value for a property. */
const FEW_USERS = 5;

/**
 * The warnings for a listing that is whole.
 *
 * @param previous the last snapshot; `undefined` for the first run
 * @param countOffered as in `ListOptions`
 */
export function listingWarnings(
  { completeness, filled }: Pick<WrittenListing, "completeness" | "filled">,
  { fellBack }: ListingEntry,
  previous: Manifest | undefined,
  countOffered: boolean | undefined,
): readonly string[] {
  const { listed, unique, duplicates, verdict } = completeness;
  return [
    ...countWarnings(completeness),
    ...(verdict === "complete" || countOffered === false
      ? []
      : [warning("uncounted", whyUncounted(countOffered))]),
    ...(fellBack === null ? [] : [warning("listing-fell-back", fellBack)]),
    ...(duplicates <= tolerance(unique)
      ? []
      : [warning("users-repeated", `${duplicates} of ${listed} rows repeated a user`)]),
    ...emptied(filled, previous?.source.filled ?? {}),
  ];
}

function whyUncounted(countOffered: boolean | undefined): string {
  return countOffered
    ? "the tenant offers a count, but ROLLCALL_COUNT=off turns it off: nothing proves that the list is whole"
    : "there is no count, and no earlier snapshot can be read to tell whether the tenant offers one";
}

/** A warning for the properties that more than half of the users who had a value have lost. */
function emptied(
  filled: Readonly<Record<string, number>>,
  filledBefore: Readonly<Record<string, number>>,
): readonly string[] {
  const lost = Object.entries(filled).flatMap(([name, users]) => {
    const before = filledBefore[name] ?? 0;
    return before > FEW_USERS && users < before / 2 ? [`${name} (${users} after ${before})`] : [];
  });
  if (lost.length === 0) return [];
  return [
    warning(
      "property-emptied",
      `far fewer users than in the last snapshot have a value for ${lost.join(", ")}`,
    ),
  ];
}
