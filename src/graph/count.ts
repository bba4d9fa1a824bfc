import { SECOND } from "../clock.ts";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { DamagedBodyError } from "../http/http-client.ts";
import type { Graph } from "./graph.ts";
import { permissionError } from "./graph-error.ts";
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
  { clock, signal }: Pick<RunContext, "clock" | "signal">,
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

/** Longer than any count with a byte order mark and white space around it. */
const MAX_COUNT_BYTES = 64;

/**
 * The body of a `$count`: bare digits.
 *
 * @throws {DamagedBodyError} for anything else
 */
export function readCount(body: Buffer): number {
  const text = body.length > MAX_COUNT_BYTES ? "" : body.toString("utf8");
  const [, digits] = /^\uFEFF?\s*(0|[1-9]\d{0,8})\s*$/.exec(text) ?? [];
  if (digits === undefined) throw new DamagedBodyError("it is not a count");
  return Number(digits);
}
