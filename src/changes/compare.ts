import { GUID_WORDS } from "../rows/guid.ts";
import { GuidTable } from "../rows/guid-table.ts";
import { JsonScanError } from "../rows/json-scan.ts";
import { RowReader } from "../rows/row-reader.ts";
import { DIGEST_WORDS, digestLine, FINGERPRINT_WORDS } from "../snapshot/fingerprints.ts";
import { manifestPath } from "../snapshot/layout.ts";
import type { PartEntry } from "../snapshot/part.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { Change } from "./change.ts";
import { type CompareOptions, Comparison } from "./comparison.ts";
import { FingerprintTable } from "./fingerprint-table.ts";
import { compareSelections, type Selection } from "./selection.ts";
import { type Side, userCount } from "./side.ts";

const LINE_FEED = 0x0a;

/**
 * What changed from one snapshot to another, some hundred changes at a time, in no particular order. Values are compared
 * as `canonicalValue` says, and only properties that both selected.
 *
 * Where both runs kept fingerprints of the same properties, only the parts are read that hold rows which differ.
 * Otherwise all rows are: first those before, for their digests, then those after; and once more the parts before that
 * hold rows which differ, or are of users who left.
 *
 * Memory: 30 bytes for each user before, as many for each user after where there are fingerprints, and a bounded number of
 * rows.
 *
 * @throws {SnapshotDamaged} naming the blob, and whatever reading the sides throws
 */
export async function* compareSnapshots(
  before: Side,
  after: Side,
  options: CompareOptions = {},
): AsyncGenerator<readonly Change[], void, undefined> {
  const { signal } = options;
  const selection = compareSelections(before.properties, after.properties);
  const kept = selection.isSame ? await readBothFingerprints(before, after) : undefined;
  const table = kept?.table ?? (await tableOfRows(before, selection, signal));
  const comparison = new Comparison(before, after.properties, table, options);
  const batches = kept
    ? addRowsThatDiffer(after, kept.after, table, comparison)
    : addAllRows(after, selection, table, comparison);
  for await (const changes of batches) {
    signal?.throwIfAborted();
    if (changes.length > 0) yield changes;
    if (comparison.isFull) yield* comparison.settle();
  }
  yield* comparison.finish();
}

/** `undefined` where a run kept none, or they cannot be used: the rows tell the same, and are checked themselves. */
async function readBothFingerprints(
  before: Side,
  after: Side,
): Promise<{ readonly table: FingerprintTable; readonly after: Uint32Array } | undefined> {
  if (!before.readFingerprints || !after.readFingerprints) return undefined;
  try {
    const table = FingerprintTable.of(await before.readFingerprints(), usersOfParts(before));
    const fingerprints = await after.readFingerprints();
    const isWhole = fingerprints.length === userCount(after) * FINGERPRINT_WORDS;
    return table && isWhole ? { table, after: fingerprints } : undefined;
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return undefined;
  }
}

/** The digests of all rows before, of the properties that are compared. */
async function tableOfRows(
  before: Side,
  selection: Selection,
  signal: AbortSignal | undefined,
): Promise<FingerprintTable> {
  const rows = new RowWalk(before);
  const records = new GuidTable(userCount(before), DIGEST_WORDS);
  for (const part of before.parts) {
    for await (const block of before.readBlocks(part)) {
      signal?.throwIfAborted();
      rows.visit(part, block, (line, id) => {
        const row = records.add(id);
        if (row < 0) throw new SnapshotDamaged(rows.pathOf(part), "a user is in it twice");
        const at = row * FINGERPRINT_WORDS + GUID_WORDS;
        digestRow(line, rows.reader, selection, "before", records.words, at);
      });
    }
  }
  const table = FingerprintTable.ofTable(records, usersOfParts(before));
  if (table) return table;
  throw new SnapshotDamaged(manifestPath(before.folder), "its parts do not hold as many users as it says");
}

/** Reads the rows after, all of them, and adds each to the comparison. */
async function* addAllRows(
  after: Side,
  selection: Selection,
  table: FingerprintTable,
  comparison: Comparison,
): AsyncGenerator<readonly Change[], void, undefined> {
  const rows = new RowWalk(after);
  const digest = new Uint32Array(DIGEST_WORDS);
  for (const part of after.parts) {
    for await (const block of after.readBlocks(part)) {
      const changes: Change[] = [];
      rows.visit(part, block, (line, id) => {
        const row = table.find(id, 0);
        if (row >= 0 && !table.markSeen(row))
          throw new SnapshotDamaged(rows.pathOf(part), "a user is in it twice");
        if (row >= 0) digestRow(line, rows.reader, selection, "after", digest, 0);
        const change = comparison.add(row, digest, 0, line);
        if (change) changes.push(change);
      });
      yield changes;
    }
  }
}

/** Reads the parts after that hold rows which differ from those before, and adds these rows to the comparison. */
async function* addRowsThatDiffer(
  after: Side,
  fingerprints: Uint32Array,
  table: FingerprintTable,
  comparison: Comparison,
): AsyncGenerator<readonly Change[], void, undefined> {
  const rows = new RowWalk(after);
  let first = 0;
  for (const part of after.parts) {
    const wanted = new Map<number, number>();
    for (let index = first; index < first + part.users; index++) {
      const at = index * FINGERPRINT_WORDS;
      const row = table.find(fingerprints, at);
      if (row >= 0 && !table.markSeen(row))
        throw new SnapshotDamaged(rows.pathOf(part), "a user is in it twice");
      if (row < 0 || !table.hasDigest(row, fingerprints, at + GUID_WORDS)) wanted.set(index, row);
    }
    let index = first;
    first += part.users;
    if (wanted.size === 0) continue;
    for await (const block of after.readBlocks(part)) {
      const changes: Change[] = [];
      rows.visit(part, block, (line, id) => {
        const at = index * FINGERPRINT_WORDS;
        const row = wanted.get(index++);
        if (row === undefined) return;
        if (id.some((word, place) => word !== fingerprints[at + place])) {
          throw new SnapshotDamaged(rows.pathOf(part), "its lines are not those that were fingerprinted");
        }
        const change = comparison.add(row, fingerprints, at + GUID_WORDS, line);
        if (change) changes.push(change);
      });
      yield changes;
    }
  }
}

function usersOfParts({ parts }: Side): readonly number[] {
  return parts.map(({ users }) => users);
}

/** The digest of what is compared: of the line, as fingerprints have it, where both selected the same properties. */
function digestRow(
  line: Buffer,
  reader: RowReader,
  { isSame, common }: Selection,
  side: "before" | "after",
  into: Uint32Array,
  at: number,
): void {
  if (isSame) digestLine(line, into, at);
  else {
    const values = reader.values(line);
    digestLine(Buffer.from(common.map((property) => values[property[side]]).join(), "latin1"), into, at);
  }
}

/** Walks over a side's lines, and names the part when one of them cannot be read. */
class RowWalk {
  readonly reader: RowReader;
  readonly #side: Side;
  readonly #id = new Uint32Array(GUID_WORDS);

  constructor(side: Side) {
    this.reader = new RowReader(side.properties);
    this.#side = side;
  }

  pathOf({ name }: PartEntry): string {
    return `${this.#side.folder.path}/${name}`;
  }

  /** @param visit takes each line without its line feed, and whose it is; both are valid for the call only */
  visit(part: PartEntry, block: Buffer, visit: (line: Buffer, id: Uint32Array) => void): void {
    try {
      for (let start = 0, end: number; start < block.length; start = end + 1) {
        end = block.indexOf(LINE_FEED, start);
        const line = block.subarray(start, end);
        if (!this.reader.readId(line, this.#id)) {
          throw new SnapshotDamaged(this.pathOf(part), "one of its lines has no object id");
        }
        visit(line, this.#id);
      }
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
      throw new SnapshotDamaged(this.pathOf(part), "one of its lines is not a JSON object");
    }
  }
}
