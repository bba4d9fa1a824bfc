import { RollcallError } from "../error.ts";
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

/** The body of a `$count`: bare digits; `undefined` for anything else. */
export function readCount(body: Buffer): number | undefined {
  const digits = body.toString("utf8").replace("\uFEFF", "").trim();
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}
