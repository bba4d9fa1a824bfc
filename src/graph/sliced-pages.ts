import { type AzureAnswer, RollcallError } from "../error.ts";
import type { Graph } from "./graph.ts";
import { type Page, readPage } from "./page.ts";
import { pageError, repeatedLink } from "./pages.ts";
import { type Slice, SlicingFailed } from "./slice.ts";
import type { UserQuery } from "./user-query.ts";

/** Times that one slice is begun again after an expired page token, before slicing is given up. */
const MAX_RESTARTS = 2;

/** Pages that may be unpacked and waiting at the same time; all others wait as they came, at a tenth of the size. */
const MAX_UNPACKED = 2;

/** Where a slice stands. */
interface SliceState {
  readonly slice: Slice;
  readonly number: number;
  readonly seen: Set<string>;
  restarts: number;
}

/** A page that is to be asked for. */
interface Job {
  readonly state: SliceState;
  readonly url: string;
  /** Page of its slice, from 1. */
  readonly page: number;
}

/**
 * All users, many slices at a time: as many requests as {@link Graph.pace} allows, each slice along its own next links.
 *
 * Nothing is asked for while the consumer is at work on a page, and so at most `pace.limit` pages are in memory, at most
 * two of them unpacked. A slice whose page token expired is begun again: its users may come twice, which the consumer has to tell anyway.
 *
 * @param onSlice told when a slice has ended
 * @throws {SlicingFailed} when Graph refuses to filter, page tokens keep expiring, or times are not in seconds; else as `userPages`
 */
export async function* slicedPages(
  graph: Graph,
  query: UserQuery,
  slices: readonly Slice[],
  onSlice: (done: number, total: number) => void,
): AsyncGenerator<Page, void, undefined> {
  const leaving = new AbortController();
  const jobs: Job[] = slices.map((slice, index) =>
    begin({ slice, number: index + 1, seen: new Set(), restarts: 0 }),
  );
  const underway = new Set<Promise<Arrived>>();
  const shelf = new Places(MAX_UNPACKED);
  let done = 0;
  try {
    while (jobs.length > 0 || underway.size > 0) {
      while (jobs.length > 0 && underway.size < graph.pace.limit) underway.add(start(jobs.shift()));
      const { job, page, promise } = await Promise.race(underway);
      underway.delete(promise());
      if (page === "expired") {
        shelf.leave();
        jobs.push(restart(job.state));
        continue;
      }
      // The ends of slices are a second apart: whoever was created in between would be in none.
      if (page.rows.hasIrregularTimes) {
        throw new SlicingFailed("times of creation are not in whole seconds");
      }
      if (page.nextLink !== undefined) jobs.unshift(follow(job, page.nextLink));
      else onSlice(++done, slices.length);
      yield page;
      shelf.leave();
    }
  } finally {
    leaving.abort();
  }

  interface Arrived {
    readonly job: Job;
    readonly page: Page | "expired";
    readonly promise: () => Promise<Arrived>;
  }

  function start(job: Job | undefined): Promise<Arrived> {
    if (!job) throw new RangeError("no job left");
    const promise: Promise<Arrived> = requestPage(job).then((page) => ({
      job,
      page,
      promise: () => promise,
    }));
    // A failure is met by the race; when the loop is left before, by nobody, and then it does not matter.
    promise.catch(() => undefined);
    return promise;
  }

  async function requestPage({ state, url, page: number }: Job): Promise<Page | "expired"> {
    const { slice } = state;
    let hasPlace = false;
    const doing = `reading page ${number} of slice ${state.number} of the users (${slice.filter})`;
    try {
      return await graph.get({
        url,
        doing,
        eventual: slice.advanced,
        signal: leaving.signal,
        admit: async () => {
          if (!hasPlace) await shelf.enter();
          hasPlace = true;
        },
        read: (body) => readPage(body, query.properties),
        refuse: (answer) => sliceError(answer, doing, number === 1),
      });
    } catch (error) {
      if (error instanceof RollcallError && error.code === "graph-page-token-expired") return "expired";
      throw error;
    }
  }

  function sliceError(answer: AzureAnswer, doing: string, isFirst: boolean): Error | undefined {
    const error = pageError(answer, query, doing, isFirst);
    if (error?.code !== "graph-properties-refused") return error;
    return new SlicingFailed(`Graph refused the filter (${answer.status} ${answer.code ?? ""})`);
  }

  function begin(state: SliceState): Job {
    const { filter, advanced } = state.slice;
    const clauses = [`$filter=${encodeURIComponent(filter)}`, ...(advanced ? ["$count=true"] : [])];
    return { state, page: 1, url: `${query.url}&${clauses.join("&")}` };
  }

  function restart(state: SliceState): Job {
    if (++state.restarts > MAX_RESTARTS) throw new SlicingFailed("page tokens kept expiring");
    state.seen.clear();
    return begin(state);
  }

  function follow({ state, page }: Job, nextLink: string): Job {
    if (state.seen.has(nextLink))
      throw repeatedLink(`page ${page + 1} of slice ${state.number} of the users`);
    state.seen.add(nextLink);
    return { state, url: nextLink, page: page + 1 };
  }
}

/** A number of places, and a queue for them. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async enter(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
