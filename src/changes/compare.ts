import { hash } from "node:crypto";
import { JsonScanError } from "../rows/json-scan.ts";
import { RowReader } from "../rows/row-reader.ts";
import { manifestPath } from "../snapshot/layout.ts";
import type { PartEntry } from "../snapshot/part.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { Change } from "./change.ts";
import { ChangeMaker } from "./change-maker.ts";
import { DigestTable } from "./digest-table.ts";
import { PendingRows } from "./pending-rows.ts";
import { compareSelections, type Selection } from "./selection.ts";
import { type Side, userCount } from "./side.ts";

/** Most rows that wait to be compared, unless {@link MAX_HELD_BYTES} is reached first. */
const MAX_HELD_ROWS = 50_000;
const MAX_HELD_BYTES = 32 * 2 ** 20;

const LINE_FEED = 0x0a;

/** Options of {@link compareSnapshots}. */
export interface CompareOptions {
  /** Ends the comparison. */
  readonly signal?: AbortSignal;
  /** Most changed rows in memory; 50,000 by default. More means fewer passes over the earlier snapshot. */
  readonly maxHeldRows?: number;
}

/**
 * What changed from one snapshot to another, some hundred changes at a time, in no particular order. Values are compared
 * as `canonicalValue` says, and only properties that both selected.
 *
 * It works in passes, so that memory is 54 bytes for each earlier user and a bounded number of rows. First the earlier
 * snapshot is digested. Then the later one is compared with the digests. Rows that differ, and those of users who left,
 * are read again from the earlier snapshot, skipping parts without any. Users come in a similar order each night, so
 * that is usually one more pass, and about four when every user has changed (measured with a million users).
 *
 * A digest is 128 bits of SHA-256, and is only ever compared with that of the same user's earlier row. Missing a change
 * by chance, or by design, need not be feared.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob, and whatever reading the sides throws
 */
export async function* compareSnapshots(
  before: Side,
  after: Side,
  options: CompareOptions = {},
): AsyncGenerator<readonly Change[], void, undefined> {
  const { signal, maxHeldRows = MAX_HELD_ROWS } = options;
  const selection = compareSelections(before.properties, after.properties);
  const former = await digestRows(before, selection, signal);
  const later = new SideReader(after);
  const maker = new ChangeMaker(before.properties, after.properties, selection.common);
  const pending = new PendingRows(maxHeldRows, MAX_HELD_BYTES);
  const read = { before, former, pending, maker, signal };
  const noLeavers: ReadonlyMap<number, number> = new Map();

  for (const part of after.parts) {
    for await (const block of after.readBlocks(part)) {
      signal?.throwIfAborted();
      yield later.flatMap(part, block, (line, id) => {
        const slot = former.find(id);
        if (slot < 0) return maker.joined(line);
        if (!former.markSeen(slot)) throw new SnapshotDamaged(later.pathOf(part), "a user is in it twice");
        const digest = digestOf(line, later.reader, selection, "after");
        if (!former.hasDigest(slot, digest)) pending.add({ slot, part: former.partOf(slot), line });
        return undefined;
      });
      if (pending.isFull) yield* settle(read, noLeavers);
    }
  }
  yield* settle(read, former.countUnseen());
}

async function digestRows(side: Side, selection: Selection, signal?: AbortSignal): Promise<DigestTable> {
  const table = new DigestTable(userCount(side));
  const rows = new SideReader(side);
  for (const [index, part] of side.parts.entries()) {
    for await (const block of side.readBlocks(part)) {
      signal?.throwIfAborted();
      rows.flatMap(part, block, (line, id) => {
        if (table.add(id, digestOf(line, rows.reader, selection, "before"), index)) return undefined;
        throw new SnapshotDamaged(
          rows.pathOf(part),
          "a user is in it twice, or more users than the manifest says",
        );
      });
    }
  }
  if (table.size < userCount(side))
    throw new SnapshotDamaged(manifestPath(side.folder), "its parts have fewer users than it says");
  return table;
}

/** What {@link settle} reads again. */
interface Unsettled {
  readonly before: Side;
  readonly former: DigestTable;
  readonly pending: PendingRows;
  readonly maker: ChangeMaker;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads again the earlier rows of all pending and of the users who left.
 *
 * @param leavers how many users of each part left, by index of part; empty until the later snapshot has been read
 */
async function* settle(
  { before, former, pending, maker, signal }: Unsettled,
  leavers: ReadonlyMap<number, number>,
): AsyncGenerator<readonly Change[], void, undefined> {
  const rows = new SideReader(before);
  for (const [index, part] of before.parts.entries()) {
    let leaving = leavers.get(index) ?? 0;
    if (leaving + pending.countIn(index) === 0) continue;
    for await (const block of before.readBlocks(part)) {
      signal?.throwIfAborted();
      yield rows.flatMap(part, block, (line, id) => {
        const slot = former.find(id);
        if (leaving > 0 && !former.isSeen(slot)) {
          leaving--;
          return maker.left(line);
        }
        const laterLine = pending.take(slot, index);
        return laterLine === undefined ? undefined : maker.changed(line, laterLine);
      });
      if (leaving + pending.countIn(index) === 0) break;
    }
  }
}

function digestOf(
  line: Buffer,
  reader: RowReader,
  { isSame, common }: Selection,
  side: "before" | "after",
): Buffer {
  if (isSame) return hash("sha256", line, "buffer");
  const values = reader.values(line);
  return hash("sha256", common.map((property) => values[property[side]]).join(), "buffer");
}

/** Reads a side's lines, and names the part when one of them cannot be read. */
class SideReader {
  readonly reader: RowReader;
  readonly #side: Side;
  readonly #id = new Uint32Array(4);

  constructor(side: Side) {
    this.#side = side;
    this.reader = new RowReader(side.properties);
  }

  pathOf({ name }: PartEntry): string {
    return `${this.#side.folder.path}/${name}`;
  }

  /** @param changeOf gets a line and its id, both valid during the call only */
  flatMap(
    part: PartEntry,
    block: Buffer,
    changeOf: (line: Buffer, id: Uint32Array) => Change | undefined,
  ): readonly Change[] {
    const changes: Change[] = [];
    try {
      for (let start = 0, end: number; start < block.length; start = end + 1) {
        end = block.indexOf(LINE_FEED, start);
        const line = block.subarray(start, end);
        if (!this.reader.readId(line, this.#id)) {
          throw new SnapshotDamaged(this.pathOf(part), "one of its lines has no object id");
        }
        const change = changeOf(line, this.#id);
        if (change !== undefined) changes.push(change);
      }
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
      throw new SnapshotDamaged(this.pathOf(part), "one of its lines is not a JSON object");
    }
    return changes;
  }
}
