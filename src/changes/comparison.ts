import { GUID_WORDS } from "../rows/guid.ts";
import { JsonScanError } from "../rows/json-scan.ts";
import { RowReader } from "../rows/row-reader.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { Change } from "./change.ts";
import { ChangeMaker } from "./change-maker.ts";
import type { FingerprintTable } from "./fingerprint-table.ts";
import { interleave } from "./interleave.ts";
import { PendingRows } from "./pending-rows.ts";
import { compareSelections } from "./selection.ts";
import type { Side } from "./side.ts";

/** Most rows that wait to be compared, unless {@link MAX_PENDING_BYTES} is reached first. */
const MAX_PENDING_ROWS = 50_000;
const MAX_PENDING_BYTES = 32 * 2 ** 20;
/** Parts that are read at the same time: one is unpacked while another is on its way. */
const PARTS_AT_A_TIME = 2;

const LINE_FEED = 0x0a;
/** Stands for the row of a user who was not there before. */
const NO_ROW = -1;

/** Options of a comparison. */
export interface CompareOptions {
  /** Ends the comparison. */
  readonly signal?: AbortSignal;
  /** Most changed rows in memory; 50,000 by default. More means that fewer parts are read twice. */
  readonly maxPendingRows?: number;
}

/**
 * What changed from one snapshot to another, while the rows of the other one come in. Who joined is known at once. Rows
 * whose digest differs wait, a bounded number of them, for their rows before; {@link settle} reads those again, and only
 * the parts that hold some.
 *
 * Memory: the table, and the rows that wait.
 */
export class Comparison {
  readonly #before: Side;
  readonly #table: FingerprintTable;
  readonly #maker: ChangeMaker;
  readonly #pending: PendingRows;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param after properties of the snapshot that is compared with `before`, in the order of its lines
   * @param table of the rows before
   */
  constructor(before: Side, after: readonly string[], table: FingerprintTable, options: CompareOptions = {}) {
    this.#before = before;
    this.#table = table;
    this.#maker = new ChangeMaker(
      before.properties,
      after,
      compareSelections(before.properties, after).common,
    );
    this.#pending = new PendingRows(options.maxPendingRows ?? MAX_PENDING_ROWS, MAX_PENDING_BYTES);
    this.#signal = options.signal;
  }

  /**
   * Takes a row; each user's once.
   *
   * @param row number of the user's row before, see {@link FingerprintTable.find}; it is marked as seen by the caller
   * @param digests hold the row's digest from `at` on
   * @param line without its line feed; copied where it is needed later
   * @returns the change, where it is known already
   */
  add(row: number, digests: Uint32Array, at: number, line: Buffer): Change | undefined {
    if (row === NO_ROW) return this.#maker.joined(line);
    if (!this.#table.hasDigest(row, digests, at)) this.#pending.add(row, this.#table.partOf(row), line);
    return undefined;
  }

  /** Whether {@link settle} has to be called before the next {@link add}. */
  get isFull(): boolean {
    return this.#pending.isFull;
  }

  /** The changes of all rows that wait. */
  settle(): AsyncGenerator<readonly Change[], void, undefined> {
    return this.#readAgain(false);
  }

  /** The changes that are left once all rows have come: of those that wait, and of the users who left. */
  finish(): AsyncGenerator<readonly Change[], void, undefined> {
    return this.#readAgain(true);
  }

  /** @throws {SnapshotDamaged} naming the blob */
  async *#readAgain(isLast: boolean): AsyncGenerator<readonly Change[], void, undefined> {
    const parts = this.#before.parts.keys().flatMap((part) => {
      const rows = this.#pending.countIn(part) + (isLast ? this.#table.unseenIn(part) : 0);
      return rows > 0 ? [this.#readPart(part, rows, isLast)] : [];
    });
    for await (const changes of interleave(parts, PARTS_AT_A_TIME)) {
      this.#signal?.throwIfAborted();
      if (changes.length > 0) yield changes;
    }
  }

  /** @param wanted rows of the part that are needed: reading ends with the last of them */
  async *#readPart(
    part: number,
    wanted: number,
    isLast: boolean,
  ): AsyncGenerator<readonly Change[], void, undefined> {
    const entry = this.#before.parts[part];
    if (!entry) return;
    const path = `${this.#before.folder.path}/${entry.name}`;
    const reader = new RowReader(this.#before.properties);
    const id = new Uint32Array(GUID_WORDS);
    let row = this.#table.firstRow(part);
    let left = wanted;
    for await (const block of this.#before.readBlocks(entry)) {
      const changes: Change[] = [];
      for (let start = 0, end: number; start < block.length && left > 0; start = end + 1, row++) {
        end = block.indexOf(LINE_FEED, start);
        const isLeaver = isLast && !this.#table.isSeen(row);
        if (!isLeaver && !this.#pending.has(row)) continue;
        left--;
        const line = block.subarray(start, end);
        try {
          if (!reader.readId(line, id) || !this.#table.isOf(row, id)) {
            throw new SnapshotDamaged(path, "its lines are not those that were fingerprinted");
          }
          const change = isLeaver ? this.#maker.left(line) : this.#changed(row, part, line);
          if (change) changes.push(change);
        } catch (error) {
          if (!(error instanceof JsonScanError)) throw error;
          throw new SnapshotDamaged(path, "one of its lines is not a JSON object");
        }
      }
      yield changes;
      if (left === 0) return;
    }
    throw new SnapshotDamaged(path, "it has fewer users than the manifest says");
  }

  #changed(row: number, part: number, before: Buffer): Change | undefined {
    const after = this.#pending.take(row, part);
    return after && this.#maker.changed(before, after);
  }
}
