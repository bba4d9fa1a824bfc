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

/** Times that one slice is begun again after an expired page token, before slicing is given up. */
const MAX_RESTARTS = 2;

/** Pages that may be unpacked and waiting at the same time; all others wait as they came, at a tenth of the size. */
const MAX_UNPACKED = 2;

/** A page whose users the consumer tells apart. */
export interface ListedPage extends Page {
  /** To be set by the consumer before it asks for the next page: how many of the users had not come before. */
  newUsers: number;
}

/** Told how a listing in slices goes on. */
export interface SliceListener {
  /** A slice has ended, and holds as many users as were counted. */
  readonly onSlice: () => void;
  /** A slice held fewer users than were counted, and is listed again. */
  readonly onRelist: () => void;
}

/** Where a slice stands. */
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

/** What came of a request. */
type Arrival = { readonly state: SliceState } & (
  | { readonly kind: "page"; readonly page: Page; readonly number: number }
  | { readonly kind: "expired" }
  | { readonly kind: "counted"; readonly counted: number }
);

/**
 * All users, many slices at a time: as many requests as {@link Graph.pace} allows, each slice along its own next links.
 *
 * Each slice is held to what it is known to hold. One that falls short, or of which nothing is known, is counted once it
 * is listed; one that is short of that count is listed again, and when it stays short by more than `fewestAllowed`
 * permits, slicing is given up. So is it for a user outside of the slice: Graph ignored the filter.
 *
 * Nothing is asked for while the consumer is at work on a page, and so at most `limiter.limit` pages are in memory, at most
 * two of them unpacked. A slice that is begun again brings users twice, which the consumer has to tell anyway.
 *
 * @throws {SlicingFailed} also when Graph refuses to filter, page tokens keep expiring, or times are not in seconds;
 *   else as `userPages`
 */
export async function* slicedPages(
  graph: Graph,
  query: UserQuery,
  slices: readonly Slice[],
  { onSlice, onRelist }: SliceListener,
): AsyncGenerator<ListedPage, void, undefined> {
  const shelf = new Semaphore(MAX_UNPACKED);
  using pool = new RequestPool<Arrival>(() => graph.limiter.limit);
  for (const [index, slice] of slices.entries()) {
    const state = new SliceState(slice, index + 1);
    pool.add(() => requestPage(state, firstUrl(slice), 1));
  }
  for (let arrival = await pool.next(); arrival; arrival = await pool.next()) {
    const { state } = arrival;
    if (arrival.kind === "expired") restart(state);
    else if (arrival.kind === "counted") holdToCount(state, arrival.counted);
    else yield* handOut(arrival);
  }

  async function* handOut({ state, page, number }: Extract<Arrival, { readonly kind: "page" }>) {
    // The ends of slices are a second apart: whoever was created in between would be in none.
    if (page.rows.hasIrregularTimes) throw new SlicingFailed("times of creation are not in whole seconds");
    if (!holdsOnly(state.slice, page.rows)) {
      throw new SlicingFailed(`Graph ignored a filter (${state.slice.filter})`);
    }
    const { nextLink } = page;
    if (nextLink !== undefined) follow(state, nextLink, number + 1);
    const listed: ListedPage = { ...page, newUsers: 0 };
    yield listed;
    shelf.release();
    state.users += listed.newUsers;
    if (nextLink === undefined) holdToKnown(state);
  }

  function holdToKnown(state: SliceState): void {
    const { slice, users } = state;
    if (slice.expected !== undefined && !isShort(users, slice.expected)) onSlice();
    else {
      pool.addFirst(async () => {
        const counted = await countSlice(graph, query, slice, pool.signal);
        return { state, kind: "counted", counted };
      });
    }
  }

  function holdToCount(state: SliceState, counted: number): void {
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
    let hasPlace = false;
    const doing = `reading page ${number} of slice ${state.number} of the users (${slice.filter})`;
    try {
      const page = await graph.get({
        url,
        doing,
        eventual: slice.advanced,
        signal: pool.signal,
        admit: async () => {
          if (!hasPlace) await shelf.acquire(pool.signal);
          hasPlace = true;
        },
        read: (body) => readPage(body, query.properties),
        refuse: (answer) => sliceError(answer, query, doing, number === 1),
      });
      return { state, kind: "page", page, number };
    } catch (error) {
      if (!(error instanceof RollcallError) || error.code !== "graph-page-token-expired") throw error;
      if (hasPlace) shelf.release();
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

/** A slice that is empty although somebody was counted in it was lost as a whole: no tolerance covers that. */
function isShort(users: number, counted: number): boolean {
  return users === 0 ? counted > 0 : users < fewestAllowed(counted);
}
