import type { ChangeWatch } from "../changes/change-watch.ts";
import type { Page } from "../graph/page.ts";
import { GUID_WORDS } from "../rows/guid.ts";
import { textLines } from "../rows/user-line.ts";
import type { UserRows } from "../rows/user-rows.ts";
import { ValueCutter } from "../rows/value-cutter.ts";
import {
  type Completeness,
  type Guard,
  type GuardOptions,
  guardAgainstDisaster,
  judgeCompleteness,
} from "../snapshot/completeness.ts";
import { DIGEST_WORDS, digestLine, FINGERPRINT_WORDS, fingerprintBytes } from "../snapshot/fingerprints.ts";
import type { SnapshotWriter, WrittenParts } from "../snapshot/snapshot-writer.ts";
import { type UserTallies, UserTally } from "../snapshot/tallies.ts";
import { CreationTimes } from "./creation-times.ts";
import type { DirectoryCount } from "./directory-count.ts";
import { SLICE_ABOVE_USERS, USERS_PER_SLICE } from "./plan-listing.ts";
import { REPEATED, Roster } from "./roster.ts";
import type { Cuts } from "./slice.ts";
import type { ListedPage } from "./sliced-pages.ts";

/** Most users for whom memory is allocated up front: a count comes from outside, and may say a billion. */
const MOST_EXPECTED = 1_500_000;

/** JSON that does not count as a value. */
const EMPTY: ReadonlySet<string> = new Set(["null", '""', "[]", "{}"]);

/** A whole listing, written into parts. */
export interface WrittenListing extends WrittenParts {
  readonly completeness: Completeness;
  readonly guard: Guard;
  readonly pages: number;
  /** Where the next run can cut the directory; `undefined` if it is too small to cut. */
  readonly cuts: Cuts | undefined;
  readonly tallies: UserTallies;
  /** How many users have a value for each property. */
  readonly filled: Readonly<Record<string, number>>;
}

/** Options of {@link writeListing}. */
export interface WriteListingOptions {
  /** User properties in the order of the lines. */
  readonly properties: readonly string[];
  readonly count: Pick<DirectoryCount, "wasOffered" | "again">;
  /** The count before this listing; `null` if there is none. */
  readonly before: number | null;
  readonly guard: GuardOptions;
  /** Compares the users with those of the previous snapshot; `undefined` where that is not done while they come. */
  readonly watch: ChangeWatch | undefined;
  /** Called after each page with the number of different users so far. */
  readonly onPage: (unique: number) => void;
}

/**
 * Writes a listing into parts, each user once, and checks it against the directory's counts before and after.
 *
 * Memory: the pages that the listing holds, the parts of {@link SnapshotWriter}, and some 30 bytes a user: who has come, and when each was created.
 *
 * @throws what the listing, the writing, {@link judgeCompleteness} and {@link guardAgainstDisaster} throw; the parts stay
 *   until they are discarded
 */
export async function writeListing(
  parts: SnapshotWriter,
  pages: AsyncIterable<Page | ListedPage>,
  { properties, count, before, guard, watch, onPage }: WriteListingOptions,
): Promise<WrittenListing> {
  const expected = Math.min(before ?? 0, MOST_EXPECTED);
  const roster = new Roster(watch?.table, expected);
  const times = new CreationTimes(expected);
  const tally = new UserTally();
  const filled = new Float64Array(properties.length);
  let listed = 0;
  let read = 0;
  for await (const page of pages) {
    const { rows } = page;
    read++;
    listed += rows.count;
    const { lines, users, fingerprints } = takeUsers(rows, { roster, times, tally, watch });
    addTo(filled, users === rows.count ? rows.filled : countFilled(lines, properties));
    await Promise.all([parts.write(lines, users, fingerprints), watch?.flush()]);
    if ("newUsers" in page) page.newUsers = users;
    rows.release();
    onPage(roster.size);
  }
  // Counts while the last parts are being sent, and the former parts read that hold what changed.
  void watch?.finish();
  const counting = count.again();
  counting.catch(() => undefined);
  const written = await parts.finish();
  const counts = { listed, unique: roster.size, before, after: await counting };
  return {
    ...written,
    completeness: judgeCompleteness(counts, count.wasOffered),
    guard: guardAgainstDisaster(roster.size, guard),
    pages: read,
    cuts: roster.size > SLICE_ABOVE_USERS ? times.cuts(USERS_PER_SLICE) : undefined,
    tallies: tally.tallies(properties),
    filled: Object.fromEntries(properties.map((name, place) => [name, filled[place] ?? 0])),
  };
}

function addTo(sums: Float64Array, more: Uint32Array): void {
  for (let place = 0; place < sums.length; place++) sums[place] = (sums[place] ?? 0) + (more[place] ?? 0);
}

/** As `UserRows.filled`, but for some of a page's lines. Slower, which is fine: few pages repeat users. */
function countFilled(lines: Buffer, properties: readonly string[]): Uint32Array {
  const cutter = new ValueCutter(properties);
  const filled = new Uint32Array(properties.length);
  for (const line of textLines(lines)) {
    for (const [place, json] of cutter.cut(line).entries()) {
      if (!EMPTY.has(json)) filled[place] = (filled[place] ?? 0) + 1;
    }
  }
  return filled;
}

/** Users of a page who had not come before. */
interface TakenUsers {
  readonly lines: Buffer;
  readonly users: number;
  readonly fingerprints: Buffer;
}

/** What is noted of each user who is new. */
interface Bookkeeping {
  readonly roster: Roster;
  readonly times: CreationTimes;
  readonly tally: UserTally;
  readonly watch: ChangeWatch | undefined;
}

/** Takes the users who are new out of a page, and notes them. */
function takeUsers(rows: UserRows, { roster, times, tally, watch }: Bookkeeping): TakenUsers {
  const fresh: number[] = [];
  const fingerprints = new Uint32Array(rows.count * FINGERPRINT_WORDS);
  let at = 0;
  for (let index = 0; index < rows.count; index++) {
    const row = roster.add(rows.ids, index * GUID_WORDS);
    if (row === REPEATED) continue;
    fresh.push(index);
    const line = rows.line(index);
    for (let word = 0; word < GUID_WORDS; word++)
      fingerprints[at++] = rows.ids[index * GUID_WORDS + word] ?? 0;
    digestLine(line, fingerprints, at);
    watch?.add(row, fingerprints, at, line);
    at += DIGEST_WORDS;
    tally.add(rows.traits(index));
    const created = rows.createdAt(index);
    if (created !== undefined) times.add(created);
  }
  return {
    lines:
      fresh.length === rows.count
        ? rows.lines
        : Buffer.concat(fresh.map((index) => rows.lineWithFeed(index))),
    users: fresh.length,
    fingerprints: fingerprintBytes(fingerprints.subarray(0, at)),
  };
}
