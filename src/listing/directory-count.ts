import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { countUsers } from "../graph/count.ts";
import type { Graph } from "../graph/graph.ts";
import type { UserQuery } from "../graph/user-query.ts";

/** The directory's own count, to which a listing is held. */
export interface DirectoryCount {
  /** Before the listing; `null` where there is none. */
  readonly before: number | null;
  /** Whether a former snapshot had a count. */
  readonly wasOffered: boolean;
  /**
   * Counts again; `null` where there is no count.
   *
   * @throws {RollcallError} `count-missing` once a count was had, tonight or for a former snapshot
   */
  again(): Promise<number | null>;
}

/** What {@link countDirectory} takes besides Graph. */
export interface CountOptions extends Pick<RunContext, "clock" | "signal"> {
  /** `false`: the operator does without a count. */
  readonly enabled: boolean;
  /** Whether the tenant is known to offer a count. */
  readonly wasOffered: boolean;
  /** Users of the last snapshot, which tell what can be believed; `undefined` where nothing does. */
  readonly lastUsers: number | undefined;
}

/**
 * Counts the users before they are listed.
 *
 * @throws {RollcallError} `count-missing` where there is no count although a former snapshot had one: a list that could
 *   be cut would pass for the whole one of a tenant that never counts
 */
export async function countDirectory(
  graph: Graph,
  query: UserQuery,
  { enabled, wasOffered, lastUsers, clock, signal }: CountOptions,
): Promise<DirectoryCount> {
  if (!enabled) return { before: null, wasOffered, again: async () => null };
  // A tenant that has counted once counts: from then on no listing of this run is judged without.
  let counts = wasOffered;
  const count = async (expected: number | undefined) => {
    const counted = await countUsers(graph, query, { clock, signal }, believable(expected));
    if (counted === null && counts) throw countMissing();
    counts ||= counted !== null;
    return counted;
  };
  const before = await count(lastUsers);
  return { before, wasOffered, again: () => count(before ?? undefined) };
}

/** Half of the users go now and then; a count that says so is asked for again all the same. */
function believable(users: number | undefined): number {
  return Math.max(1, (users ?? 0) / 2);
}

function countMissing(): RollcallError {
  return new RollcallError("count-missing", {
    doing: "counting the users",
    problem:
      "the directory gives no count, three times asked, although it gave one before, tonight or for a former snapshot",
    remedy:
      "Nothing was published: a list that was cut could not be told from a whole one. The next run asks again. If the " +
      "tenant really offers no count any more, ROLLCALL_COUNT=off does without, and snapshots then say `uncounted`.",
  });
}
