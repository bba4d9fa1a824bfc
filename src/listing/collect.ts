import { RollcallError } from "../error.ts";
import type { Page } from "../graph/page.ts";
import type { UserRows } from "../graph/user-rows.ts";
import { GUID_WORDS } from "../guid.ts";
import {
  type Completeness,
  type Guard,
  type GuardOptions,
  guardAgainstDisaster,
  judgeCompleteness,
  ListingDisputed,
} from "../snapshot/completeness.ts";
import { IdSet } from "../snapshot/id-set.ts";
import type { SnapshotWriter, WrittenParts } from "../snapshot/snapshot-writer.ts";
import { CreationTimes } from "./creation-times.ts";
import { SLICE_ABOVE_USERS, USERS_PER_SLICE } from "./plan-listing.ts";
import { type Cuts, SlicingFailed } from "./slice.ts";
import type { ListedPage } from "./sliced-pages.ts";

/** Restarts after an expired page token before the run gives up. */
const MAX_RESTARTS = 3;

/** Users for whom memory is taken at once: a count is an answer from outside, and may say a thousand millions. */
const MOST_EXPECTED = 1_500_000;

/** A whole listing written into parts, not committed yet. Disposing it takes the parts back, unless they are kept. */
export interface Collected extends WrittenParts, AsyncDisposable {
  readonly completeness: Completeness;
  readonly guard: Guard;
  readonly pages: number;
  /** Whether it was listed in slices. */
  readonly sliced: boolean;
  /** Why a listing in slices was thrown away; `null` when none was. */
  readonly fellBack: string | null;
  /** Slices that were listed again, because they held fewer users than were counted. */
  readonly relisted: number;
  /** Where to cut the directory next time; `undefined` for one that is not worth it. */
  readonly cuts: Cuts | undefined;
  /** How many users have a value for each property. */
  readonly filled: Readonly<Record<string, number>>;
  /** To be called before the commit: once a manifest may exist, its parts must stay. */
  keep(): void;
}

/** How a listing is drained. */
export interface CollectOptions {
  /** Begins the listing in slices; `undefined` where it is not to be listed so. */
  readonly listSliced: ((onRelist: () => void) => AsyncIterable<ListedPage>) | undefined;
  /** Begins the listing page after page. */
  readonly list: () => AsyncIterable<Page>;
  /** Writes to the run's folder, from its first part. */
  readonly openParts: () => SnapshotWriter;
  /** User properties in the order of the rows. */
  readonly properties: readonly string[];
  /** The directory's own count before the listing; `null` where there is none. */
  readonly counted: number | null;
  /** Counts once more, after each listing; `null` where there is no count. */
  readonly countAgain: () => Promise<number | null>;
  /** Whether the tenant is known to offer a count. */
  readonly countOffered: boolean;
  /** What each listing is held to besides. */
  readonly guard: GuardOptions;
  /** Told after each page how many different users there are so far. */
  readonly onPage: (unique: number) => void;
}

/**
 * Drains a listing into parts, each user once, and holds it to the directory's counts before and after.
 *
 * A listing in slices that cannot be had, or falls short, is thrown away, and the users are listed page after page.
 * There, when Graph forgets the page token, or one count calls the listing whole and the other short, it is begun again,
 * at most three times. Nothing of a former try is ever kept.
 *
 * Memory: the pages that the listing holds, the parts of {@link SnapshotWriter}, and 28 bytes a user.
 *
 * @throws whatever the listing or the writing throws, after taking back the parts
 */
export async function collectUsers(options: CollectOptions): Promise<Collected> {
  const { listSliced, counted } = options;
  if (!listSliced) return collectSequentially(options, counted, null);
  const parts = options.openParts();
  let relisted = 0;
  try {
    const pages = listSliced(() => relisted++);
    return { ...(await drain(parts, pages, counted, options)), sliced: true, fellBack: null, relisted };
  } catch (error) {
    const reason = reasonToListSequentially(error);
    if (reason === undefined) {
      await parts.discard().catch(() => undefined);
      throw error;
    }
    await parts.discard();
    return collectSequentially(options, await options.countAgain(), reason);
  }
}

async function collectSequentially(
  options: CollectOptions,
  counted: number | null,
  fellBack: string | null,
): Promise<Collected> {
  let before = counted;
  for (let restarts = 0; ; restarts++) {
    const parts = options.openParts();
    try {
      const drained = await drain(parts, options.list(), before, options);
      return { ...drained, sliced: false, fellBack, relisted: 0 };
    } catch (error) {
      if (!mayMendItself(error) || restarts === MAX_RESTARTS) {
        await parts.discard().catch(() => undefined);
        throw error;
      }
      await parts.discard();
      before = await options.countAgain();
    }
  }
}

function mayMendItself(error: unknown): boolean {
  if (error instanceof ListingDisputed) return true;
  return error instanceof RollcallError && error.code === "graph-page-token-expired";
}

function reasonToListSequentially(error: unknown): string | undefined {
  if (error instanceof SlicingFailed) return error.message;
  if (error instanceof RollcallError && error.code === "listing-short") return error.problem;
  return undefined;
}

async function drain(
  parts: SnapshotWriter,
  pages: AsyncIterable<Page | ListedPage>,
  before: number | null,
  { properties, countAgain, countOffered, guard: guardOptions, onPage }: CollectOptions,
): Promise<Omit<Collected, "sliced" | "fellBack" | "relisted">> {
  const expected = Math.min(before ?? 0, MOST_EXPECTED);
  const ids = new IdSet(expected);
  const times = new CreationTimes(expected);
  const filled = new Float64Array(properties.length);
  let listed = 0;
  let read = 0;
  for await (const page of pages) {
    const { rows } = page;
    read++;
    listed += rows.count;
    for (let place = 0; place < filled.length; place++)
      filled[place] = (filled[place] ?? 0) + (rows.filled[place] ?? 0);
    const [lines, users] = freshLines(rows, ids, times);
    await parts.write(lines, users);
    if ("newUsers" in page) page.newUsers = users;
    rows.release();
    onPage(ids.size);
  }
  // Asked while the last parts are on their way.
  const counting = countAgain();
  counting.catch(() => undefined);
  const written = await parts.finish();
  const counts = { listed, unique: ids.size, before, after: await counting };
  const completeness = judgeCompleteness(counts, countOffered);
  const guard = guardAgainstDisaster(ids.size, guardOptions);
  let isKept = false;
  return {
    ...written,
    completeness,
    guard,
    pages: read,
    cuts: ids.size > SLICE_ABOVE_USERS ? times.cuts(USERS_PER_SLICE) : undefined,
    filled: Object.fromEntries(properties.map((name, place) => [name, filled[place] ?? 0])),
    keep: () => {
      isKept = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (!isKept) await parts.discard().catch(() => undefined);
    },
  };
}

/** The lines of the users that are new, and how many they are; takes note of when they were created. */
function freshLines(rows: UserRows, ids: IdSet, times: CreationTimes): [lines: Buffer, users: number] {
  const fresh: number[] = [];
  for (let index = 0; index < rows.count; index++) {
    if (!ids.addWords(rows.ids, index * GUID_WORDS)) continue;
    fresh.push(index);
    const created = rows.createdAt(index);
    if (created !== undefined) times.add(created);
  }
  if (fresh.length === rows.count) return [rows.lines, rows.count];
  return [Buffer.concat(fresh.map((index) => rows.line(index))), fresh.length];
}
