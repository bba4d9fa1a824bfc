import type { Graph } from "../graph/graph.ts";
import type { UserQuery } from "../graph/user-query.ts";
import type { ListingMode } from "../settings/listing-mode.ts";
import { findSlices } from "./find-slices.ts";
import { type Cuts, type Slice, SlicingFailed, slicesFrom } from "./slice.ts";

/** Above this number of users, `auto` lists in slices. Below it, page after page takes only about twenty requests. */
export const SLICE_ABOVE_USERS = 20_000;
/** Users that a slice is meant to hold: one page, with room for the few that may be restored from the recycle bin. */
export const USERS_PER_SLICE = 980;
/** How many slices a first run looks for: enough to keep all requests busy, but far fewer counts than pages. */
const FIRST_RUN_SLICES = 64;

/** How the users are to be listed. */
export interface ListingPlan {
  /** `undefined` means page after page. */
  readonly slices: readonly Slice[] | undefined;
  /** Why there are no slices although they were wanted; `null` if there are, or they were not wanted. */
  readonly fellBack: string | null;
}

/** Options of {@link planListing}. */
export interface PlanOptions {
  readonly mode: ListingMode;
  /** The directory's own count; `null` if there is none. */
  readonly counted: number | null;
  /** Where the last snapshot says that the directory can be cut; `undefined` if it does not. */
  readonly cuts: Cuts | undefined;
  readonly nowMs: number;
}

/**
 * Decides how to list. Without a count, the slices' sum cannot be checked. With `signInActivity`, slices gain nothing:
 * Graph allows ten requests a minute, in parallel or not (https://learn.microsoft.com/graph/throttling-limits).
 *
 * @throws what {@link Graph.get} throws while it counts
 */
export async function planListing(
  graph: Graph,
  query: UserQuery,
  options: PlanOptions,
): Promise<ListingPlan> {
  const { mode, counted, cuts, nowMs } = options;
  if (mode === "sequential") return { slices: undefined, fellBack: null };
  if (counted === null) {
    return {
      slices: undefined,
      fellBack: mode === "sliced" ? "there is no count to check slices against" : null,
    };
  }
  const isWorthIt = counted > SLICE_ABOVE_USERS && !query.properties.includes("signInActivity");
  if (mode === "auto" && !isWorthIt) return { slices: undefined, fellBack: null };
  try {
    const usersEach = Math.max(USERS_PER_SLICE, Math.ceil(counted / FIRST_RUN_SLICES));
    return {
      slices: slicesFrom(cuts ?? (await findSlices(graph, query, { counted, usersEach, nowMs }))),
      fellBack: null,
    };
  } catch (error) {
    if (error instanceof SlicingFailed) return { slices: undefined, fellBack: error.message };
    throw error;
  }
}
