import { countWarnings, tolerance } from "../snapshot/completeness.ts";
import type { ListingEntry, Manifest } from "../snapshot/manifest.ts";
import { warning } from "../warning.ts";
import type { Drained } from "./drain.ts";

/** As many users may lose a value of one property from one night to the next without a word. */
const FEW_USERS = 5;

/**
 * What about a listing somebody should know although it is whole.
 *
 * @param previous the last snapshot; `undefined` for the first run
 * @param countOffered as in `ListOptions`
 */
export function listingWarnings(
  { completeness, filled }: Pick<Drained, "completeness" | "filled">,
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
      : [warning("users-repeated", `${duplicates} of ${listed} rows were users who had come before`)]),
    ...emptied(filled, previous?.source.filled ?? {}),
  ];
}

function whyUncounted(countOffered: boolean | undefined): string {
  return countOffered
    ? "the tenant offers a count, and ROLLCALL_COUNT=off does without: nothing proves that the list is whole"
    : "there is no count, and no former snapshot can be read to tell whether the tenant offers one";
}

/** Properties that have lost the values of more than half of the users who had one. */
function emptied(
  filled: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): readonly string[] {
  const lost = Object.entries(filled).flatMap(([name, users]) => {
    const former = before[name] ?? 0;
    return former > FEW_USERS && users < former / 2 ? [`${name} (${users} after ${former})`] : [];
  });
  if (lost.length === 0) return [];
  return [
    warning(
      "property-emptied",
      `far fewer users than in the last snapshot have a value for ${lost.join(", ")}`,
    ),
  ];
}
