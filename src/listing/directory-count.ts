import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { countUsers } from "../graph/count.ts";
import type { Graph } from "../graph/graph.ts";
import type { UserQuery } from "../graph/user-query.ts";

/** The directory's own count, which a listing is checked against. */
export interface DirectoryCount {
  /** The count before the listing; `null` if there is none. */
  readonly before: number | null;
  /** Whether an earlier snapshot had a count. */
  readonly wasOffered: boolean;
  /**
   * Counts again; `null` if there is no count.
   *
   * @throws {RollcallError} `count-missing` if there is no count although this run or an earlier snapshot had one
   */
  again(): Promise<number | null>;
}

/** Options of {@link countDirectory}. */
export interface CountOptions extends Pick<RunContext, "clock" | "signal"> {
  /** `false` if the operator has turned the count off. */
  readonly enabled: boolean;
  /** Whether the tenant is known to offer a count. */
  readonly wasOffered: boolean;
  /** Users in the last snapshot, to judge whether a count is plausible; `undefined` if that is not known. */
  readonly lastUsers: number | undefined;
}

/**
 * Counts the users before they are listed.
 *
 * @throws {RollcallError} `count-missing` if there is no count although an earlier snapshot had one: otherwise a truncated
 *   list would pass for that of a tenant that offers no count
 */
export async function countDirectory(
  graph: Graph,
  query: UserQuery,
  { enabled, wasOffered, lastUsers, clock, signal }: CountOptions,
): Promise<DirectoryCount> {
  if (!enabled) return { before: null, wasOffered, again: async () => null };
  // A tenant that has counted once offers a count: from then on no listing is judged without one.
  let isOffered = wasOffered;
  const count = async (expected: number | undefined) => {
    const counted = await countUsers(graph, query, { clock, signal }, fewestPlausible(expected));
    if (counted === null && isOffered) throw countMissing();
    isOffered ||= counted !== null;
    return counted;
  };
  const before = await count(lastUsers);
  return { before, wasOffered, again: () => count(before ?? undefined) };
}

/** The fewest users that a count is believed to mean at once. Half of them may really have left; asking again is cheap. */
function fewestPlausible(users: number | undefined): number {
  return Math.max(1, (users ?? 0) / 2);
}

function countMissing(): RollcallError {
  return new RollcallError("count-missing", {
    doing: "counting the users",
    problem:
      "the directory gave no count when asked three times, although it gave one before, in this run or for an earlier " +
      "snapshot",
    remedy:
      "Nothing was published: without a count, a truncated list looks like a whole one. The next run asks again. If the " +
      "tenant really offers no count any more, set ROLLCALL_COUNT=off; snapshots then say `uncounted`.",
  });
}
