import { SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { RetryContext } from "../http/retrying.ts";
import type { Graph } from "./graph.ts";
import { permissionError } from "./permission.ts";
import type { UserQuery } from "./user-query.ts";

/** Times that a count is asked for before an answer that is hard to believe is taken for what the directory says. */
const ASKED_TIMES = 3;
const ASK_AGAIN_AFTER_MS = SECOND;

/**
 * The directory's own count of its users, from its eventually consistent index.
 *
 * An answer that is hard to believe is asked for again: that there is no count, which one node out of order says too;
 * that there is nobody, although a directory has its administrator; or less than `believable`.
 *
 * @param believable the fewest users that nobody doubts, such as half of the last snapshot's; 1 unless given
 * @returns `null` where the tenant offers no `$count`, as in B2C
 * @throws {RollcallError} `graph-permission-missing` and what {@link Graph.get} throws
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export async function countUsers(
  graph: Graph,
  query: UserQuery,
  { clock, signal }: Pick<RetryContext, "clock" | "signal">,
  believable = 1,
): Promise<number | null> {
  for (let asked = 1; ; asked++) {
    const counted = await askForCount(graph, query);
    if ((counted !== null && counted >= believable) || asked === ASKED_TIMES) return counted;
    await clock.sleep(ASK_AGAIN_AFTER_MS, signal);
  }
}

async function askForCount(graph: Graph, query: UserQuery): Promise<number | null> {
  const doing = "counting the users";
  try {
    return await graph.get({
      url: `${graph.root}/users/$count`,
      doing,
      eventual: true,
      read: readCount,
      refuse: (answer) => permissionError(answer, query, doing),
    });
  } catch (error) {
    if (error instanceof RollcallError && error.answer?.status === 400) return null;
    throw error;
  }
}

/** The body of a `$count`: bare digits; `undefined` for anything else. */
export function readCount(body: Buffer): number | undefined {
  const digits = body.toString("utf8").replace("\uFEFF", "").trim();
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}
