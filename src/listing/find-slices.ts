import { SECOND } from "../clock.ts";
import { readCount } from "../graph/count.ts";
import type { Graph } from "../graph/graph.ts";
import { permissionError } from "../graph/graph-error.ts";
import { readPage } from "../graph/page.ts";
import type { UserQuery } from "../graph/user-query.ts";
import { RequestPool } from "./request-pool.ts";
import { between, type Cuts, type Slice, SlicingFailed, UNDATED } from "./slice.ts";

/** Azure AD is younger than this. A user with an older date is still in the first slice, which is open to the past. */
const EARLIEST = Date.parse("2006-01-01T00:00:00Z") / SECOND;
/** Times that a range is halved before it is accepted as it is: twenty years become steps of two hours or so. */
const MAX_HALVINGS = 16;

/** A range of time, from `start` to just before `end`, and how many users were created in it. */
interface Range {
  readonly start: number;
  readonly end: number;
  readonly users: number;
  readonly halvings: number;
}

/**
 * Finds by counting where to cut a directory for which no earlier run says so. Ranges with too many users are halved.
 *
 * The slices are coarser than those from an earlier run, because each count is a request too: one may be several pages.
 *
 * @param counted the directory's own count
 * @param usersEach most users in a range
 * @throws {SlicingFailed} if Graph refuses to count with a filter; else as {@link Graph.get}
 */
export async function findSlices(
  graph: Graph,
  query: UserQuery,
  {
    counted,
    usersEach,
    nowMs,
  }: { readonly counted: number; readonly usersEach: number; readonly nowMs: number },
): Promise<Cuts> {
  const found: Range[] = [];
  using pool = new RequestPool<readonly Range[]>(() => graph.limiter.limit);
  const isFine = ({ users, start, end, halvings }: Range) =>
    users <= usersEach || end - start <= 1 || halvings >= MAX_HALVINGS;
  const halve = (range: Range) => pool.add(() => countHalves(graph, query, range, pool.signal));
  halve({ start: EARLIEST, end: Math.ceil(nowMs / SECOND), users: counted, halvings: 0 });
  for (let halves = await pool.next(); halves; halves = await pool.next()) {
    for (const half of halves) {
      if (isFine(half)) found.push(half);
      else halve(half);
    }
  }
  return joinSmall(
    found.sort((one, other) => one.start - other.start),
    usersEach,
  );
}

async function countHalves(
  graph: Graph,
  query: UserQuery,
  range: Range,
  signal: AbortSignal,
): Promise<readonly Range[]> {
  const { start, end, users } = range;
  const middle = Math.floor((start + end) / 2);
  const older = await countSlice(
    graph,
    query,
    between(start === EARLIEST ? undefined : start, middle),
    signal,
  );
  const halvings = range.halvings + 1;
  return [
    { start, end: middle, users: older, halvings },
    { start: middle, end, users: users - older, halvings },
  ];
}

/**
 * Counts the users of a slice.
 *
 * @param signal ends this count early; absent: only the run's own signal does
 * @throws {SlicingFailed} if Graph refuses to count with a filter; else as {@link Graph.get}
 */
export async function countSlice(
  graph: Graph,
  query: UserQuery,
  slice: Slice,
  signal?: AbortSignal,
): Promise<number> {
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

/** Joins neighbouring ranges as long as together they stay small. */
function joinSmall(ranges: readonly Range[], usersEach: number): Cuts {
  const starts: number[] = [];
  const users: number[] = [0];
  for (const range of ranges) {
    const last = users.at(-1) ?? 0;
    if (last > 0 && last + range.users > usersEach) {
      starts.push(range.start);
      users.push(range.users);
    } else {
      users[users.length - 1] = last + range.users;
    }
  }
  return { starts, users };
}

/**
 * Checks whether a tenant can be listed in slices: asks for one user of each kind of slice, and for one slice's count.
 *
 * @returns why not; `undefined` if it can
 * @throws what {@link Graph.get} throws, except for a refused filter
 */
export async function whyNotSliced(graph: Graph, query: UserQuery): Promise<string | undefined> {
  try {
    await countSlice(graph, query, between(EARLIEST, undefined));
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
    read: (body) => readPage(body, ["id"]),
    refuse: (answer) =>
      answer.status === 400 || answer.status === 501
        ? new SlicingFailed(`Graph refused the filter (${answer.status} ${answer.code ?? ""})`)
        : permissionError(answer, query, doing),
  });
}
