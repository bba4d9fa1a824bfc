import type { AzureAnswer } from "../answer.ts";
import { RollcallError } from "../error.ts";
import type { Graph } from "../graph/graph.ts";
import { type Page, readPage } from "../graph/page.ts";
import type { UserQuery } from "../graph/user-query.ts";
import { fewestAllowed } from "../snapshot/completeness.ts";
import { countSlice } from "./find-slices.ts";
import { pageError, repeatedLink } from "./pages.ts";
import { RequestPool } from "./request-pool.ts";
import { Semaphore } from "./semaphore.ts";
import { holdsOnly, type Slice, SlicingFailed } from "./slice.ts";

/** Times that a slice is restarted after an expired page token before slicing is given up. */
const MAX_RESTARTS = 2;

/** Most pages that are decompressed at a time. Others wait compressed, at a tenth of the size. */
const MAX_DECOMPRESSED = 2;

/** A page of a slice, with the consumer's answer. */
export interface ListedPage extends Page {
  /** How many of the users are new. The consumer must set this before it asks for the next page. */
  newUsers: number;
}

/** Called as a listing in slices makes progress. */
export interface SliceListener {
  /** A slice is finished, and holds as many users as were counted. */
  readonly onSlice: () => void;
  /** A slice held fewer users than were counted, and is listed again. */
  readonly onRelist: () => void;
}

/** The progress of a slice. */
class SliceState {
  readonly slice: Slice;
  readonly number: number;
  /** Next links that were followed. */
  readonly seen = new Set<string>();
  /** Different users so far. */
  users = 0;
  restarts = 0;
  isRelisted = false;

  constructor(slice: Slice, number: number) {
    this.slice = slice;
    this.number = number;
  }
}

/** The outcome of a request. */
type Arrival = { readonly state: SliceState } & (
  | { readonly kind: "page"; readonly page: Page; readonly number: number }
  | { readonly kind: "expired" }
  | { readonly kind: "counted"; readonly counted: number }
);

/**
 * All users, many slices at a time: as many requests as {@link Graph.limiter} allows, each slice following its own next
 * links.
 *
 * Each slice is checked against the number of users that it is expected to hold. If it falls short, or no number is known,
 * it is counted once it is listed. If it is short of that count, it is listed again. If it is then still shorter than
 * `fewestAllowed`, slicing is given up. It is also given up for a user outside the slice: Graph ignored the filter.
 *
 * Nothing is requested while the consumer is busy with a page. So at most `limiter.limit` pages are in memory, at most two
 * of them decompressed. A restarted slice repeats users, which the consumer must expect in any case.
 *
 * @throws {SlicingFailed} also when Graph refuses the filter, page tokens keep expiring, or times are not in whole seconds;
 *   else as `userPages`
 */
export async function* slicedPages(
  graph: Graph,
  query: UserQuery,
  slices: readonly Slice[],
  { onSlice, onRelist }: SliceListener,
): AsyncGenerator<ListedPage, void, undefined> {
  const decompressing = new Semaphore(MAX_DECOMPRESSED);
  using pool = new RequestPool<Arrival>(() => graph.limiter.limit);
  for (const [index, slice] of slices.entries()) {
    const state = new SliceState(slice, index + 1);
    pool.add(() => requestPage(state, firstUrl(slice), 1));
  }
  for (let arrival = await pool.next(); arrival; arrival = await pool.next()) {
    const { state } = arrival;
    if (arrival.kind === "expired") restart(state);
    else if (arrival.kind === "counted") checkAgainstCount(state, arrival.counted);
    else yield* yieldPage(arrival);
  }

  async function* yieldPage({ state, page, number }: Extract<Arrival, { readonly kind: "page" }>) {
    // A creation time with a fraction of a second could fall between two slices.
    if (page.rows.hasIrregularTimes) throw new SlicingFailed("times of creation are not in whole seconds");
    if (!holdsOnly(state.slice, page.rows)) {
      throw new SlicingFailed(`Graph ignored a filter (${state.slice.filter})`);
    }
    const { nextLink } = page;
    if (nextLink !== undefined) follow(state, nextLink, number + 1);
    const listed: ListedPage = { ...page, newUsers: 0 };
    yield listed;
    decompressing.release();
    state.users += listed.newUsers;
    if (nextLink === undefined) checkAgainstExpected(state);
  }

  function checkAgainstExpected(state: SliceState): void {
    const { slice, users } = state;
    if (slice.expected !== undefined && !isShort(users, slice.expected)) onSlice();
    else {
      pool.addFirst(async () => {
        const counted = await countSlice(graph, query, slice, pool.signal);
        return { state, kind: "counted", counted };
      });
    }
  }

  function checkAgainstCount(state: SliceState, counted: number): void {
    const { slice, number, users, isRelisted } = state;
    if (users < counted && !isRelisted) {
      state.isRelisted = true;
      onRelist();
      begin(state);
    } else if (isShort(users, counted)) {
      throw new SlicingFailed(
        `slice ${number} (${slice.filter}) holds ${users} users, but the directory counts ${counted} in it`,
      );
    } else onSlice();
  }

  function restart(state: SliceState): void {
    if (++state.restarts > MAX_RESTARTS) throw new SlicingFailed("page tokens kept expiring");
    begin(state);
  }

  function begin(state: SliceState): void {
    state.seen.clear();
    pool.add(() => requestPage(state, firstUrl(state.slice), 1));
  }

  function follow(state: SliceState, nextLink: string, page: number): void {
    if (state.seen.has(nextLink)) throw repeatedLink(`page ${page} of slice ${state.number} of the users`);
    state.seen.add(nextLink);
    pool.addFirst(() => requestPage(state, nextLink, page));
  }

  async function requestPage(state: SliceState, url: string, number: number): Promise<Arrival> {
    const { slice } = state;
    let hasPermit = false;
    const doing = `reading page ${number} of slice ${state.number} of the users (${slice.filter})`;
    try {
      const page = await graph.get({
        url,
        doing,
        eventual: slice.advanced,
        signal: pool.signal,
        admit: async () => {
          if (!hasPermit) await decompressing.acquire(pool.signal);
          hasPermit = true;
        },
        read: (body) => readPage(body, query.properties, query.buffers),
        refuse: (answer) => sliceError(answer, query, doing, number === 1),
      });
      return { state, kind: "page", page, number };
    } catch (error) {
      if (!(error instanceof RollcallError) || error.code !== "graph-page-token-expired") throw error;
      if (hasPermit) decompressing.release();
      return { state, kind: "expired" };
    }
  }

  function firstUrl({ filter, advanced }: Slice): string {
    const clauses = [`$filter=${encodeURIComponent(filter)}`, ...(advanced ? ["$count=true"] : [])];
    return `${query.url}&${clauses.join("&")}`;
  }
}

function sliceError(
  answer: AzureAnswer,
  query: UserQuery,
  doing: string,
  isFirst: boolean,
): Error | undefined {
  const error = pageError(answer, query, doing, isFirst);
  if (error?.code !== "graph-properties-refused") return error;
  return new SlicingFailed(`Graph refused the filter (${answer.status} ${answer.code ?? ""})`);
}

/** A slice that is empty although it has users was lost as a whole, which no tolerance covers. */
function isShort(users: number, counted: number): boolean {
  return users === 0 ? counted > 0 : users < fewestAllowed(counted);
}
