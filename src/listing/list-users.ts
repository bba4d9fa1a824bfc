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
import { userPages } from "./pages.ts";
import { planListing, USERS_PER_SLICE } from "./plan-listing.ts";
import { isoOf, type Slice, SlicingFailed } from "./slice.ts";
import { knownCuts } from "./slice-hints.ts";
import { type ListedPage, slicedPages } from "./sliced-pages.ts";
import { listingWarnings } from "./warnings.ts";
import { type WrittenListing, writeListing } from "./write-listing.ts";

/** Times that a listing page after page is restarted before the run gives up. */
const MAX_RESTARTS = 3;

/** How users are listed. */
export interface ListOptions extends Pick<RunContext, "clock" | "signal"> {
  readonly mode: ListingMode;
  /** Whether the listing is checked against the directory's own count. */
  readonly counted: boolean;
  /** The last snapshot, which says where to cut and which properties had values. */
  readonly previous: Manifest | undefined;
  /** Whether the tenant is known to offer a count; `undefined` if the snapshots that could say so are damaged. */
  readonly countOffered: boolean | undefined;
  /** Opens a writer to the run's folder, starting with its first part. */
  readonly openParts: () => SnapshotWriter;
  /** Compares the users of one attempt with the previous snapshot; gives `undefined` where that has to wait. */
  readonly watchChanges: () => Promise<ChangeWatch | undefined>;
  readonly guard: GuardOptions;
  readonly onProgress: ProgressListener;
}

/** All users, written into parts but not committed yet. Disposing deletes the parts, unless {@link keep} was called. */
export interface ListedUsers extends Omit<WrittenListing, "cuts">, AsyncDisposable {
  readonly listing: ListingEntry;
  /** Where the next run can cut the directory; `null` if it is too small to cut. */
  readonly slices: SlicesEntry | null;
  readonly warnings: readonly string[];
  /** Call this before the commit: once a manifest may exist, its parts must stay. */
  keep(): void;
}

/** A written listing, and how to delete its parts again. */
interface Attempt extends WrittenListing {
  readonly discard: () => Promise<void>;
}

/**
 * Lists all users into parts, and checks them against the directory's counts.
 *
 * If listing in slices fails or falls short, it is discarded, and the users are listed page after page. That listing is
 * restarted, at most three times, when Graph forgets the page token, or when it is whole by one count and short by the
 * other. Nothing of an earlier attempt is ever kept.
 *
 * @throws {RollcallError} if no whole listing was possible; the parts are deleted first
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

  /** Returns `undefined` if the users must be listed page after page. */
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
      const whole = await attempt(userPages(graph, query), (error) => mayRestart && isPassing(error));
      if (whole) return whole;
    }
  }

  /** Returns `undefined`, and deletes the parts, after a failure that another attempt may avoid. */
  async function attempt(
    pages: AsyncIterable<Page | ListedPage>,
    isWorthAnother: (error: unknown) => boolean,
  ): Promise<Attempt | undefined> {
    const parts = openParts();
    try {
      const watch = await watchChanges();
      const held = { properties: query.properties, count, before, guard, watch, onPage };
      return { ...(await writeListing(parts, pages, held)), discard: () => parts.discard() };
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

function isPassing(error: unknown): boolean {
  if (error instanceof ListingDisputed) return true;
  return error instanceof RollcallError && error.code === "graph-page-token-expired";
}
