import type { AzureAnswer } from "../answer.ts";
import { RollcallError } from "../error.ts";
import type { Graph } from "../graph/graph.ts";
import { isExpiredPageToken, permissionError } from "../graph/graph-error.ts";
import { type Page, readPage } from "../graph/page.ts";
import type { UserQuery } from "../graph/user-query.ts";

/**
 * All users, one page after another, following the next links.
 *
 * A page is requested just before the previous one is yielded, so that one page is on its way while another is being
 * written; never more. Leaving the loop early ends that request.
 *
 * @throws {RollcallError} `next-link-repeated`, `graph-page-token-expired` (start again), `graph-properties-refused`,
 *   `graph-permission-missing` and what {@link Graph.get} throws
 * @see https://learn.microsoft.com/graph/paging
 */
export async function* userPages(graph: Graph, query: UserQuery): AsyncGenerator<Page, void, undefined> {
  const first = query.url;
  const seen = new Set<string>([first]);
  const leaving = new AbortController();
  let number = 1;
  let underway: Promise<Page> | undefined = requestPage(first);
  try {
    while (underway) {
      const page: Page = await underway;
      underway = undefined;
      if (page.nextLink !== undefined) {
        number++;
        if (seen.has(page.nextLink)) throw repeatedLink(`page ${number} of the users`);
        seen.add(page.nextLink);
        underway = requestPage(page.nextLink);
      }
      yield page;
    }
  } finally {
    leaving.abort();
  }

  function requestPage(url: string): Promise<Page> {
    const doing = `reading page ${number} of the users`;
    const isFirst = number === 1;
    const page = graph.get({
      url,
      doing,
      signal: leaving.signal,
      read: (body) => readPage(body, query.properties, query.buffers),
      refuse: (answer) => pageError(answer, query, doing, isFirst),
    });
    // The page may fail while the previous one is still being written; the error surfaces when it is awaited.
    page.catch(() => undefined);
    return page;
  }
}

/** The error for a refused page; `undefined` if only the general error fits. */
export function pageError(
  answer: AzureAnswer,
  query: UserQuery,
  doing: string,
  isFirst: boolean,
): RollcallError | undefined {
  if (isExpiredPageToken(answer.code)) {
    return new RollcallError("graph-page-token-expired", {
      doing,
      problem: "Graph no longer knows the page token",
      answer,
      remedy:
        "Nothing was published. The next run tries again; if it keeps failing, give Microsoft the request id.",
    });
  }
  // Only the first page carries our own query, and ROLLCALL_PROPERTIES is the only part of it that operators choose.
  if (isFirst && (answer.status === 400 || answer.status === 501)) {
    return new RollcallError("graph-properties-refused", {
      doing,
      problem: `Graph does not list users with the properties ${query.properties.join(",")}`,
      answer,
      remedy:
        "Correct ROLLCALL_PROPERTIES; https://learn.microsoft.com/graph/api/resources/user lists all properties.",
    });
  }
  return permissionError(answer, query, doing);
}

/** The error for next links that form a loop. */
export function repeatedLink(page: string): RollcallError {
  return new RollcallError("next-link-repeated", {
    doing: `reading ${page}`,
    problem: "its next link was followed before, so the listing would never end",
    remedy: "Nothing was published. The next run tries again; if it keeps failing, report it to Microsoft.",
  });
}
