import { RollcallError } from "../error.ts";
import type { Page } from "../graph/page.ts";
import { type Completeness, judgeCompleteness } from "./completeness.ts";
import { IdSet } from "./id-set.ts";
import type { PartEntry } from "./part.ts";
import type { PartWriter } from "./part-writer.ts";

/** Restarts after an expired page token before the run gives up. */
const MAX_RESTARTS = 3;

/** A whole listing written into parts, not committed yet. */
export interface Collected {
  readonly parts: readonly PartEntry[];
  readonly completeness: Completeness;
  readonly pages: number;
}

/** How a listing is drained. */
export interface CollectOptions {
  /** Begins the listing from its first page. */
  readonly list: () => AsyncIterable<Page>;
  /** Writes to the run's folder, from its first part. */
  readonly openParts: () => PartWriter;
  /** The directory's own count, which the listing is held to; `null` where there is none. */
  readonly counted: number | null;
  /** Told after each page how many different users there are so far. */
  readonly onPage: (unique: number) => void;
}

/**
 * Drains a listing into parts, each user once. When Graph forgets the page token the listing is begun again, at most
 * three times, and nothing of the former try is kept. A listing that falls short of the count is no listing.
 *
 * Memory: one page, the parts of {@link PartWriter}, and 24 bytes a user for telling duplicates.
 *
 * @throws whatever the listing or the writing throws, after taking back the parts
 */
export async function collectUsers(options: CollectOptions): Promise<Collected> {
  for (let restarts = 0; ; restarts++) {
    const parts = options.openParts();
    try {
      return await drain(parts, options);
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

async function drain(parts: PartWriter, { list, counted, onPage }: CollectOptions): Promise<Collected> {
  const ids = new IdSet(counted ?? 0);
  let listed = 0;
  let pages = 0;
  for await (const { rows } of list()) {
    pages++;
    listed += rows.length;
    await parts.write(rows.filter(({ id }) => ids.add(id)).map(({ line }) => line));
    onPage(ids.size);
  }
  const completeness = judgeCompleteness(listed, ids.size, counted);
  return { parts: await parts.finish(), completeness, pages };
}
