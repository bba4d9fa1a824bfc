import { SECOND } from "../clock.ts";
import { readCount } from "./count.ts";
import type { Graph } from "./graph.ts";
import { readPage } from "./page.ts";
import { permissionError } from "./permission.ts";
import { between, type Slice, SlicingFailed, UNDATED } from "./slice.ts";
import type { UserQuery } from "./user-query.ts";

/** Nobody was created before: Azure AD is younger. Whoever was all the same is in the first slice, open to the past. */
const EARLIEST = Date.parse("2006-01-01T00:00:00Z") / SECOND;
/** Halvings of time before a range is taken as it is: twenty years in steps of two hours. */
const MAX_HALVINGS = 16;

/** A range of time and how many users were created in it, from `start` on and before `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly users: number;
  readonly halvings: number;
}

/**
 * Finds where to cut a directory that no former run tells about, by counting: ranges with too many users are halved.
 *
 * Coarser than what a former run knows, as each count is a request too: a range may be several pages long.
 *
 * @param counted the directory's own count
 * @param usersEach how many users a range may have
 * @returns beginnings of all slices but the first, in seconds since the epoch, ascending
 * @throws {SlicingFailed} when Graph refuses to count with a filter; else as {@link Graph.get}
 */
export async function findSlices(
  graph: Graph,
  query: UserQuery,
  {
    counted,
    usersEach,
    nowMs,
  }: { readonly counted: number; readonly usersEach: number; readonly nowMs: number },
): Promise<readonly number[]> {
  // Ends the counts that are still under way when one of them fails.
  const leaving = new AbortController();
  using _leaving = { [Symbol.dispose]: () => leaving.abort() };
  const end = Math.ceil(nowMs / SECOND);
  const found: Range[] = [];
  let open: Range[] = [{ start: EARLIEST, end, users: counted, halvings: 0 }];
  while (open.length > 0) {
    const halves: Range[] = [];
    await inParallel(open, graph, async (range) => {
      const middle = Math.floor((range.start + range.end) / 2);
      const older = await countIn(graph, query, between(range.start, middle), leaving.signal);
      const halvings = range.halvings + 1;
      halves.push({ start: range.start, end: middle, users: older, halvings });
      halves.push({ start: middle, end: range.end, users: range.users - older, halvings });
    });
    const isFine = ({ users, start, end: to, halvings }: Range) =>
      users <= usersEach || to - start <= 1 || halvings >= MAX_HALVINGS;
    found.push(...halves.filter(isFine));
    open = halves.filter((range) => !isFine(range));
  }
  return joinSmall(
    found.sort((one, other) => one.start - other.start),
    usersEach,
  );
}

/** Counts the users of a slice. */
async function countIn(graph: Graph, query: UserQuery, slice: Slice, signal?: AbortSignal): Promise<number> {
  const doing = `counting the users of a slice (${slice.filter})`;
  return graph.get({
    url: `${graph.root}/users/$count?$filter=${encodeURIComponent(slice.filter)}`,
    doing,
    eventual: true,
    ...(signal && { signal }),
    read: readCount,
    refuse: (answer) =>
      answer.status === 400
        ? new SlicingFailed(`Graph refused to count with a filter (${answer.code ?? 400})`)
        : permissionError(answer, query, doing),
  });
}

/** Puts neighbours together as long as they stay small. */
function joinSmall(ranges: readonly Range[], usersEach: number): number[] {
  const starts: number[] = [];
  let users = 0;
  for (const range of ranges) {
    if (users > 0 && users + range.users > usersEach) {
      starts.push(range.start);
      users = 0;
    }
    users += range.users;
  }
  return starts;
}

/** Does all the work, as much at a time as the pace allows. */
async function inParallel<T>(
  items: readonly T[],
  graph: Graph,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const underway = new Set<Promise<void>>();
  while (queue.length > 0 || underway.size > 0) {
    for (const item of queue.splice(0, Math.max(0, graph.pace.limit - underway.size))) {
      const promise: Promise<void> = work(item).finally(() => underway.delete(promise));
      promise.catch(() => undefined);
      underway.add(promise);
    }
    await Promise.race(underway);
  }
}

/**
 * Whether a tenant can be listed in slices: asks for one user of each kind of slice, and for the count of one.
 *
 * @returns why not; `undefined` when it can
 * @throws what {@link Graph.get} throws for other reasons than a refused filter
 */
export async function whyNotSliced(graph: Graph, query: UserQuery): Promise<string | undefined> {
  try {
    await countIn(graph, query, between(EARLIEST, undefined));
    for (const slice of [between(EARLIEST, undefined), UNDATED]) await readOne(graph, query, slice);
    return undefined;
  } catch (error) {
    if (error instanceof SlicingFailed) return error.message;
    throw error;
  }
}

async function readOne(graph: Graph, query: UserQuery, { filter, advanced }: Slice): Promise<void> {
  const doing = `reading the first user of a slice (${filter})`;
  const clauses = [`$filter=${encodeURIComponent(filter)}`, ...(advanced ? ["$count=true"] : [])];
  await graph.get({
    url: `${graph.root}/users?$top=1&$select=id,createdDateTime&${clauses.join("&")}`,
    doing,
    eventual: advanced,
    read: (body) => readPage(body, ["id"], doing),
    refuse: (answer) =>
      answer.status === 400 || answer.status === 501
        ? new SlicingFailed(`Graph refused the filter (${answer.status} ${answer.code ?? ""})`)
        : permissionError(answer, query, doing),
  });
}
