import type { Graph } from "../graph/graph.ts";
import type { UserQuery } from "../graph/user-query.ts";
import type { ListingMode } from "../settings/listing-mode.ts";
import { findSlices } from "./find-slices.ts";
import { type Cuts, type Slice, SlicingFailed, slicesFrom } from "./slice.ts";

/** From more users than this on, `auto` slices: below, page after page takes no more than some twenty requests. */
export const SLICE_ABOVE_USERS = 20_000;
/** Users that a slice is meant to hold: one page, with room for the few that a restore from the bin may add. */
export const USERS_PER_SLICE = 980;
/** How many slices a first run looks for: enough to keep all requests busy, without a count for each page. */
const FIRST_RUN_SLICES = 64;

/** How the users are to be listed. */
export interface ListingPlan {
  /** `undefined`: page after page. */
  readonly slices: readonly Slice[] | undefined;
  /** Why there are no slices although they were wanted; `null` when they were not, or are there. */
  readonly fellBack: string | null;
}

/** What decides about the plan. */
export interface PlanOptions {
  readonly mode: ListingMode;
  /** The directory's own count; `null` where there is none. */
  readonly counted: number | null;
  /** Where the last snapshot's directory was to be cut; `undefined` when nobody knows. */
  readonly cuts: Cuts | undefined;
  readonly nowMs: number;
}

/**
 * Decides how to list. Without a count there is nothing to hold the slices' sum to, and sign-ins are limited to ten
 * requests a minute, however many are sent at a time (https://learn.microsoft.com/graph/throttling-limits).
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
      fellBack: mode === "sliced" ? "there is no count to hold slices to" : null,
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
