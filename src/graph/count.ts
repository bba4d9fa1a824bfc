import { SECOND } from "../clock.ts";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { DamagedBodyError } from "../http/http-client.ts";
import type { Graph } from "./graph.ts";
import { permissionError } from "./graph-error.ts";
import type { UserQuery } from "./user-query.ts";

/** Times that a count is asked for before an implausible answer is accepted. */
const MAX_ATTEMPTS = 3;
const ASK_AGAIN_AFTER_MS = SECOND;

/**
 * The directory's own count of its users, from its eventually consistent index.
 *
 * An implausible answer is asked for again: that there is no count, which a single faulty node may say too; that there
 * are no users, although every directory has an administrator; or fewer than `fewestPlausible`.
 *
 * @param fewestPlausible the fewest users that are accepted at once, such as half of the last snapshot's; 1 by default
 * @returns `null` if the tenant offers no `$count`, as in B2C
 * @throws {RollcallError} `graph-permission-missing` and what {@link Graph.get} throws
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export async function countUsers(
  graph: Graph,
  query: UserQuery,
  { clock, signal }: Pick<RunContext, "clock" | "signal">,
  fewestPlausible = 1,
): Promise<number | null> {
  for (let attempt = 1; ; attempt++) {
    const counted = await askForCount(graph, query);
    if ((counted !== null && counted >= fewestPlausible) || attempt === MAX_ATTEMPTS) return counted;
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

/** Longer than any count, even with a byte order mark and white space around it. */
const MAX_COUNT_BYTES = 64;

/**
 * Reads the body of a `$count`: bare digits.
 *
 * @throws {DamagedBodyError} for anything else
 */
export function readCount(body: Buffer): number {
  const text = body.length > MAX_COUNT_BYTES ? "" : body.toString("utf8");
  const [, digits] = /^\uFEFF?\s*(0|[1-9]\d{0,8})\s*$/.exec(text) ?? [];
  if (digits === undefined) throw new DamagedBodyError("it is not a count");
  return Number(digits);
}
