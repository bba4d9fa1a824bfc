/** What `ROLLCALL_LISTING` takes. */
export const LISTING_MODES = ["auto", "sequential", "sliced"] as const;

/** `auto` slices directories that are large enough to be worth it. */
export type ListingMode = (typeof LISTING_MODES)[number];
