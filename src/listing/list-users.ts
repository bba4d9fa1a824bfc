import type { ChangeWatch } from "../changes/change-watch.ts";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import type { Graph } from "../graph/graph.ts";
import type { Page } from "../graph/page.ts";
import type { UserQuery } from "../graph/user-query.ts";
import type { ProgressListener } from "../progress.ts";
import type { ListingMode } from "../settings/listing-mode.ts";
import { type GuardOptions, ListingDisputed } from "../snapshot/completeness.ts";
import type { ListingEntry, Manifest, SlicesEntry } from "../snapshot/manifest.ts";
import type { SnapshotWriter } from "../snapshot/snapshot-writer.ts";
import { countDirectory } from "./directory-count.ts";
import { type Drained, drain } from "./drain.ts";
import { userPages } from "./pages.ts";
import { planListing, USERS_PER_SLICE } from "./plan-listing.ts";
import { isoOf, type Slice, SlicingFailed } from "./slice.ts";
import { knownCuts } from "./slice-hints.ts";
import { type ListedPage, slicedPages } from "./sliced-pages.ts";
import { listingWarnings } from "./warnings.ts";

/** Times that a listing is begun again page after page before the run gives up. */
const MAX_RESTARTS = 3;

/** How users are listed. */
export interface ListOptions extends Pick<RunContext, "clock" | "signal"> {
  readonly mode: ListingMode;
  /** Whether the directory is asked for its count. */
  readonly counted: boolean;
  /** The last snapshot: where to cut, and what was filled. */
  readonly previous: Manifest | undefined;
  /** Whether the tenant is known to offer a count; `undefined` where what could tell is damaged. */
  readonly countOffered: boolean | undefined;
  /** Writes to the run's folder, from its first part. */
  readonly openParts: () => SnapshotWriter;
  /** Compares the users of one attempt with the previous snapshot; gives `undefined` where that has to wait. */
  readonly watchChanges: () => Promise<ChangeWatch | undefined>;
  readonly guard: GuardOptions;
  readonly onProgress: ProgressListener;
}

/** All users, written into parts and not committed yet. Disposing takes the parts back, unless they are kept. */
export interface ListedUsers extends Omit<Drained, "cuts">, AsyncDisposable {
  readonly listing: ListingEntry;
  /** Where the next run may cut the directory; `null` for one that is not worth it. */
  readonly slices: SlicesEntry | null;
  readonly warnings: readonly string[];
  /** To be called before the commit: once a manifest may exist, its parts must stay. */
  keep(): void;
}

/** A listing that was drained, and how to take its parts back. */
interface Attempt extends Drained {
  readonly discard: () => Promise<void>;
}

/**
 * Lists all users into parts, and holds them to the directory's counts.
 *
 * A listing in slices that cannot be had, or falls short, is thrown away, and the users are listed page after page.
 * There, when Graph forgets the page token, or one count calls the listing whole and the other short, it is begun again,
 * at most three times. Nothing of a former try is ever kept.
 *
 * @throws {RollcallError} when there is no whole listing to be had, after taking back the parts
 */
export async function listUsers(graph: Graph, query: UserQuery, options: ListOptions): Promise<ListedUsers> {
  const { mode, counted, previous, countOffered, clock, signal, openParts, watchChanges, guard, onProgress } =
    options;
  onProgress({ phase: "count" });
  const count = await countDirectory(graph, query, {
    enabled: counted,
    wasOffered: countOffered === true,
    lastUsers: guard.previousUsers,
    clock,
    signal,
  });
  const plan = await planListing(graph, query, {
    mode,
    counted: count.before,
    cuts: knownCuts(previous),
    nowMs: clock.now(),
  });
  let before = count.before;
  let slicesDone = 0;
  let relisted = 0;
  let { fellBack } = plan;

  const inSlices = plan.slices && (await listInSlices(plan.slices));
  const { discard, cuts, ...listed } = inSlices ?? (await listPageAfterPage());
  const listing: ListingEntry = inSlices
    ? { used: "sliced", slices: plan.slices.length, relisted, fellBack: null }
    : { used: "sequential", slices: 0, relisted: 0, fellBack };
  let isKept = false;
  return {
    ...listed,
    listing,
    slices: cuts ? { usersEach: USERS_PER_SLICE, starts: cuts.starts.map(isoOf), users: cuts.users } : null,
    warnings: listingWarnings(listed, listing, previous, countOffered),
    keep: () => {
      isKept = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (!isKept) await discard().catch(() => undefined);
    },
  };

  /** `undefined`: the users have to be listed page after page. */
  async function listInSlices(slices: readonly Slice[]): Promise<Attempt | undefined> {
    const listener = { onSlice: () => slicesDone++, onRelist: () => relisted++ };
    return attempt(slicedPages(graph, query, slices, listener), (error) => {
      fellBack = reasonToListPageAfterPage(error);
      return fellBack !== null;
    });
  }

  async function listPageAfterPage(): Promise<Attempt> {
    for (let restarts = 0; ; restarts++) {
      const mayRestart = restarts < MAX_RESTARTS;
      const whole = await attempt(userPages(graph, query), (error) => mayRestart && mayMendItself(error));
      if (whole) return whole;
    }
  }

  /** `undefined` when it failed so that another attempt may do better; its parts are taken back then. */
  async function attempt(
    pages: AsyncIterable<Page | ListedPage>,
    isWorthAnother: (error: unknown) => boolean,
  ): Promise<Attempt | undefined> {
    const parts = openParts();
    try {
      const watch = await watchChanges();
      const held = { properties: query.properties, count, before, guard, watch, onPage };
      return { ...(await drain(parts, pages, held)), discard: () => parts.discard() };
    } catch (error) {
      if (!isWorthAnother(error)) {
        await parts.discard().catch(() => undefined);
        throw error;
      }
      await parts.discard();
      before = await count.again();
      return undefined;
    }
  }

  function onPage(users: number): void {
    const slices = plan.slices?.length ?? 0;
    const { retries } = graph.stats;
    onProgress({ phase: "list", users, counted: before, slicesDone, slices, retries });
  }
}

function reasonToListPageAfterPage(error: unknown): string | null {
  if (error instanceof SlicingFailed) return error.message;
  return error instanceof RollcallError && error.code === "listing-short" ? error.problem : null;
}

function mayMendItself(error: unknown): boolean {
  if (error instanceof ListingDisputed) return true;
  return error instanceof RollcallError && error.code === "graph-page-token-expired";
}
