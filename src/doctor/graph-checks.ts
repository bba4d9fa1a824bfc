import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { countUsers } from "../graph/count.ts";
import type { Graph } from "../graph/graph.ts";
import { readPage } from "../graph/page.ts";
import type { UserQuery } from "../graph/user-query.ts";
import { whyNotSliced } from "../listing/find-slices.ts";
import { pageError } from "../listing/pages.ts";
import type { Passed, PassedWith } from "./check.ts";

/** Whether Graph lists users with the configured properties. */
export async function checkGraph(graph: Graph, query: UserQuery): Promise<PassedWith<Graph>> {
  const doing = "reading the first user";
  await graph.get({
    url: `${graph.root}/users?$top=1&$select=${query.properties.join(",")}`,
    doing,
    read: (body) => readPage(body, query.properties),
    refuse: (answer) => pageError(answer, query, doing, true),
  });
  return {
    value: graph,
    detail: `${graph.root} lists users with the ${query.properties.length} properties of a run`,
  };
}

/** Whether the directory counts its users, and how many there are. */
export async function checkCount(
  graph: Graph,
  query: UserQuery,
  context: Pick<RunContext, "clock" | "signal">,
): Promise<Passed> {
  const counted = await countUsers(graph, query, context);
  if (counted === 0) {
    throw new RollcallError("graph-request-refused", {
      doing: "counting the users",
      problem: "the directory counts no users",
      remedy: "Check ROLLCALL_TENANT_ID and ROLLCALL_CLOUD: a directory has at least its administrator.",
    });
  }
  return counted === null
    ? {
        detail: "the tenant offers no $count, as in B2C",
        advice: "Nothing to do: snapshots say `uncounted`, as there is no count to compare with.",
      }
    : { detail: `the directory has ${counted.toLocaleString("en-US")} users` };
}

/** Whether the users can be listed in slices, which is faster for a large directory. */
export async function checkSlices(graph: Graph, query: UserQuery): Promise<Passed> {
  const reason = await whyNotSliced(graph, query);
  return reason === undefined
    ? { detail: "the users can be listed in slices by time of creation" }
    : {
        detail: `the users cannot be listed in slices: ${reason}`,
        advice: "Nothing to do: runs list page after page, which takes longer for many users.",
      };
}
