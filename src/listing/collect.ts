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
} from "../snapshot/completeness.ts";
import { IdSet } from "../snapshot/id-set.ts";
import type { SnapshotWriter, WrittenParts } from "../snapshot/snapshot-writer.ts";
import { CreationTimes } from "./creation-times.ts";
import { SLICE_ABOVE_USERS, USERS_PER_SLICE } from "./plan-listing.ts";
import { SlicingFailed } from "./slice.ts";

/** Restarts after an expired page token before the run gives up. */
const MAX_RESTARTS = 3;

/** A whole listing written into parts, not committed yet. Disposing it takes the parts back, unless they are kept. */
export interface Collected extends WrittenParts, AsyncDisposable {
  readonly completeness: Completeness;
  readonly guard: Guard;
  readonly pages: number;
  /** Whether it was listed in slices. */
  readonly sliced: boolean;
  /** Why a listing in slices was thrown away; `null` when none was. */
  readonly fellBack: string | null;
  /** Where to cut the directory next time, see `slicesFrom`; `undefined` for one that is not worth it. */
  readonly starts: readonly number[] | undefined;
  /** To be called before the commit: once a manifest may exist, its parts must stay. */
  keep(): void;
}

/** How a listing is drained. */
export interface CollectOptions {
  /** Begins the listing in slices; `undefined` where it is not to be listed so. */
  readonly listSliced: (() => AsyncIterable<Page>) | undefined;
  /** Begins the listing page after page. */
  readonly list: () => AsyncIterable<Page>;
  /** Writes to the run's folder, from its first part. */
  readonly openParts: () => SnapshotWriter;
  /** The directory's own count, which each listing is held to; `null` where there is none. */
  readonly counted: number | null;
  /** What each listing is held to besides. */
  readonly guard: GuardOptions;
  /** Told after each page how many different users there are so far. */
  readonly onPage: (unique: number) => void;
}

/**
 * Drains a listing into parts, each user once, and holds it to the directory's count.
 *
 * A listing in slices that cannot be had, or falls short, is thrown away, and the users are listed page after page.
 * There, when Graph forgets the page token, the listing is begun again, at most three times. Nothing of a former try is
 * ever kept.
 *
 * Memory: the pages that the listing holds, the parts of {@link SnapshotWriter}, and 28 bytes a user.
 *
 * @throws whatever the listing or the writing throws, after taking back the parts
 */
export async function collectUsers(options: CollectOptions): Promise<Collected> {
  const { listSliced } = options;
  if (!listSliced) return collectSequentially(options, null);
  const parts = options.openParts();
  try {
    return { ...(await drain(parts, listSliced(), options)), sliced: true, fellBack: null };
  } catch (error) {
    const reason = reasonToListSequentially(error);
    if (reason === undefined) {
      await parts.discard().catch(() => undefined);
      throw error;
    }
    await parts.discard();
    return collectSequentially(options, reason);
  }
}

async function collectSequentially(options: CollectOptions, fellBack: string | null): Promise<Collected> {
  for (let restarts = 0; ; restarts++) {
    const parts = options.openParts();
    try {
      return { ...(await drain(parts, options.list(), options)), sliced: false, fellBack };
    } catch (error) {
      const mayRestart = error instanceof RollcallError && error.code === "graph-page-token-expired";
      if (!mayRestart || restarts === MAX_RESTARTS) {
        await parts.discard().catch(() => undefined);
        throw error;
      }
      await parts.discard();
    }
  }
}

function reasonToListSequentially(error: unknown): string | undefined {
  if (error instanceof SlicingFailed) return error.message;
  if (error instanceof RollcallError && error.code === "listing-short") return error.problem;
  return undefined;
}

async function drain(
  parts: SnapshotWriter,
  pages: AsyncIterable<Page>,
  { counted, guard: guardOptions, onPage }: CollectOptions,
): Promise<Omit<Collected, "sliced" | "fellBack">> {
  const ids = new IdSet(counted ?? 0);
  const times = new CreationTimes(counted ?? 0);
  let listed = 0;
  let read = 0;
  for await (const { rows } of pages) {
    read++;
    listed += rows.count;
    await parts.write(...freshLines(rows, ids, times));
    rows.release();
    onPage(ids.size);
  }
  const completeness = judgeCompleteness(listed, ids.size, counted);
  const guard = guardAgainstDisaster(ids.size, guardOptions);
  const starts = ids.size > SLICE_ABOVE_USERS ? times.starts(USERS_PER_SLICE) : undefined;
  const written = await parts.finish();
  let isKept = false;
  return {
    ...written,
    completeness,
    guard,
    pages: read,
    starts,
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
