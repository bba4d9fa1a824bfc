import { RollcallError } from "../error.ts";
import { DamagedBodyError } from "../http/exchange.ts";
import type { Graph } from "./graph.ts";
import { permissionError } from "./permission.ts";
import type { UserQuery } from "./user-query.ts";

/**
 * The directory's own count of its users, from its eventually consistent index.
 *
 * @returns `null` where the tenant offers no `$count`, as in B2C
 * @throws {RollcallError} `graph-permission-missing` and what {@link Graph.get} throws
 * @see https://learn.microsoft.com/graph/api/user-list
 */
export async function countUsers(graph: Graph, query: UserQuery): Promise<number | null> {
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
