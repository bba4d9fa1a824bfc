import { createdSeconds } from "./created-time.ts";
import { GUID_WORDS } from "./guid.ts";
import { copyCompact, type JsonScan, textOfString } from "./json-scan.ts";
import { MAX_LINE_BYTES } from "./line-limit.ts";
import { readObjectId } from "./object-id.ts";
import type { RowBuffers } from "./row-buffers.ts";
import { TraitReader } from "./user-traits.ts";

const NULL = Buffer.from("null");
const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const LETTER_N = 0x6e;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Above this, the runtime's own copy is quicker than a loop. */
const LOOP_BYTES = 48;
/**
 * Most bytes that the lines of a page may take: twice the largest body, because each line adds names and nulls. A page of
 * many almost empty users, more than were asked for, could otherwise grow tenfold.
 */
const MAX_LINES_BYTES = 128 * 2 ** 20;
/** Most keys of a user that are remembered for the next one; no selection is that long. */
const MAX_EXPECTED_KEYS = 1000;

/** The key that is expected next: the users of a page all have the same keys in the same order. */
interface ExpectedKey {
  /** The key as it is written, with quotes and colon: `"id":`. */
  readonly bytes: Uint8Array;
  /** Place of its value in the row; `undefined` if the property was not selected. */
  readonly place: number | undefined;
}

/**
 * The users of one page as a snapshot stores them, one line each: a JSON object of the selected properties in the selected
 * order. Values are as Graph sent them, without white space between tokens; what Graph left out is `null`.
 *
 * All lines are in one buffer, each ended by a line feed. Making a string or an object of each user would cost more than
 * the rest of a run.
 */
export class UserRows {
  /** Number of users. */
  count = 0;
  /** Whether any creation time is not in whole seconds of UTC. */
  hasIrregularTimes = false;
  /**
   * How many users have a value for each property, in the order of the selection. Absent, `null`, `""`, `[]` and `{}` do
   * not count as a value.
   */
  readonly filled: Uint32Array;
  readonly #places: ReadonlyMap<string, number>;
  readonly #idPlace: number;
  readonly #createdPlace: number;
  /** `{"id":`, `,"displayName":`, … : what precedes each value of a line. */
  readonly #prefixes: readonly Uint8Array[];
  /** Where each value of the current user begins and ends; an end of 0 means that it was left out. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Whether the current user's values contain white space between tokens. */
  #isSpaced = false;
  readonly #order: ExpectedKey[] = [];
  #out: Buffer<ArrayBufferLike>;
  #length = 0;
  #lineEnds = new Uint32Array(1000);
  #ids = new Uint32Array(1000 * GUID_WORDS);
  #created = new Float64Array(1000);
  #traits = new Uint8Array(1000);
  readonly #traitReader: TraitReader;
  readonly #buffers: RowBuffers;

  /**
   * @param properties in the order of the lines
   * @param pageBytes size of the page, from which the size of the lines is estimated
   * @param buffers where the memory of the lines comes from, and goes to
   */
  constructor(properties: readonly string[], pageBytes: number, buffers: RowBuffers) {
    // The id and the creation time are always read; if they are not selected, their places follow those of the line.
    const names = [...new Set([...properties, "id", "createdDateTime"])];
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#traitReader = new TraitReader(names);
    this.#idPlace = names.indexOf("id");
    this.#createdPlace = names.indexOf("createdDateTime");
    this.#prefixes = properties.map((name, place) => Buffer.from(`${place === 0 ? "{" : ","}"${name}":`));
    this.filled = new Uint32Array(properties.length);
    this.#starts = new Int32Array(names.length);
    this.#ends = new Int32Array(names.length);
    this.#buffers = buffers;
    this.#out = buffers.take(pageBytes + 4096);
  }

  /** Frees the memory of the lines for the next page. The lines must not be read after this. */
  release(): void {
    this.#buffers.giveBack(this.#out);
    this.#out = Buffer.alloc(0);
    this.#length = 0;
    this.count = 0;
  }

  /** All lines. */
  get lines(): Buffer {
    return this.#out.subarray(0, this.#length);
  }

  /** One user's line, without its line feed. */
  line(index: number): Buffer {
    return this.#out.subarray(this.#lineStart(index), (this.#lineEnds[index] ?? 0) - 1);
  }

  /** The same with its line feed. */
  lineWithFeed(index: number): Buffer {
    return this.#out.subarray(this.#lineStart(index), this.#lineEnds[index]);
  }

  /** The ids, four words each, as from {@link readGuid}. */
  get ids(): Uint32Array {
    return this.#ids;
  }

  /** When a user was created, in seconds since the epoch; `undefined` if that is not known. */
  createdAt(index: number): number | undefined {
    const seconds = this.#created[index];
    return Number.isNaN(seconds) ? undefined : seconds;
  }

  /** What is counted of a user, as the bits of `TRAIT`. */
  traits(index: number): number {
    return this.#traits[index] ?? 0;
  }

  /**
   * Steps over the user that comes next in `scan`, and adds it.
   *
   * @returns `undefined` if it was added; else why the user is unusable, a clause without a subject
   * @throws {JsonScanError} if it is not JSON
   */
  copy(scan: JsonScan): string | undefined {
    this.#locate(scan);
    this.#makeRoom();
    const { bytes } = scan;
    const { count } = this;
    const idStart = this.#starts[this.#idPlace] ?? 0;
    const idEnd = this.#ends[this.#idPlace] ?? 0;
    if (!readObjectId(bytes, idStart, idEnd, this.#ids, count * GUID_WORDS)) return "has no object id";
    this.#created[count] = this.#readCreated(bytes);
    this.#traits[count] = this.#traitReader.read(bytes, this.#starts, this.#ends);
    const lineStart = this.#length;
    this.#writeLine(bytes);
    const lineBytes = this.#length - lineStart - 1;
    if (lineBytes > MAX_LINE_BYTES) {
      const id = textOfString(bytes, idStart, idEnd);
      return (
        `takes ${lineBytes} bytes, more than the ${MAX_LINE_BYTES} that a line may have: ${id}, most of it ` +
        `${this.#longest()}, which ROLLCALL_PROPERTIES can leave out`
      );
    }
    if (this.#length > MAX_LINES_BYTES) {
      return `is one too many: the lines of a page may take at most ${MAX_LINES_BYTES} bytes`;
    }
    this.#lineEnds[count] = this.#length;
    this.count++;
    return undefined;
  }

  /** Finds where each value is. If a key is repeated, the last one counts, as for `JSON.parse`. */
  #locate(scan: JsonScan): void {
    this.#ends.fill(0);
    this.#isSpaced = false;
    scan.openObject();
    for (let nth = 0; scan.nextKey(nth === 0); nth++) {
      let expected = this.#order[nth];
      if (!expected || !scan.isKey(expected.bytes)) {
        const start = scan.at;
        const place = this.#places.get(scan.readKey());
        expected = { bytes: scan.bytes.subarray(start, scan.at), place };
        if (nth < MAX_EXPECTED_KEYS) this.#order[nth] = expected;
      }
      scan.peek();
      const start = scan.at;
      const { spaces } = scan;
      scan.skipValue();
      if (scan.spaces !== spaces) this.#isSpaced = true;
      if (expected.place === undefined) continue;
      this.#starts[expected.place] = start;
      this.#ends[expected.place] = scan.at;
    }
  }

  #writeLine(bytes: Uint8Array): void {
    for (let place = 0; place < this.#prefixes.length; place++) {
      const prefix = this.#prefixes[place];
      if (prefix) this.#append(prefix, 0, prefix.length);
      const start = this.#starts[place] ?? 0;
      const end = this.#ends[place] ?? 0;
      const begun = this.#length;
      if (end === 0) this.#append(NULL, 0, NULL.length);
      else if (this.#isSpaced) this.#appendCompact(bytes, start, end);
      else this.#append(bytes, start, end);
      if (isFilled(this.#out, begun, this.#length)) this.filled[place] = (this.filled[place] ?? 0) + 1;
    }
    this.#out[this.#length++] = CLOSE_BRACE;
    this.#out[this.#length++] = LINE_FEED;
  }

  /** The current user's property that takes the most bytes. */
  #longest(): string {
    let longest = "";
    let most = -1;
    for (const [name, place] of this.#places) {
      const bytes = (this.#ends[place] ?? 0) - (this.#starts[place] ?? 0);
      if (place >= this.#prefixes.length || this.#ends[place] === 0 || bytes <= most) continue;
      longest = name;
      most = bytes;
    }
    return longest;
  }

  #append(from: Uint8Array, start: number, end: number): void {
    // Two more bytes, for the end of the line.
    if (this.#length + end - start + 2 > this.#out.length) this.#grow(end - start);
    const out = this.#out;
    let length = this.#length;
    if (end - start > LOOP_BYTES) {
      out.set(from.subarray(start, end), length);
      length += end - start;
    } else {
      for (let at = start; at < end; at++) out[length++] = from[at] ?? 0;
    }
    this.#length = length;
  }

  /** For pages with white space between tokens, which Graph does not send. */
  #appendCompact(from: Uint8Array, start: number, end: number): void {
    if (this.#length + end - start + 2 > this.#out.length) this.#grow(end - start);
    this.#length = copyCompact(from, start, end, this.#out, this.#length);
  }

  #readCreated(bytes: Uint8Array): number {
    const end = this.#ends[this.#createdPlace] ?? 0;
    if (end === 0) return Number.NaN;
    const seconds = createdSeconds(bytes, this.#starts[this.#createdPlace] ?? 0, end);
    if (seconds === undefined) this.hasIrregularTimes = true;
    return seconds ?? Number.NaN;
  }

  #lineStart(index: number): number {
    return index === 0 ? 0 : (this.#lineEnds[index - 1] ?? 0);
  }

  #makeRoom(): void {
    if (this.count < this.#lineEnds.length) return;
    this.#lineEnds = grown(this.#lineEnds, Uint32Array);
    this.#ids = grown(this.#ids, Uint32Array);
    this.#created = grown(this.#created, Float64Array);
    this.#traits = grown(this.#traits, Uint8Array);
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.ceil((this.#out.length + bytes) * 1.5));
    larger.set(this.lines);
    this.#out = larger;
  }
}

/** Whether a value, written without white space, is neither `null` nor empty. */
function isFilled(bytes: Uint8Array, start: number, end: number): boolean {
  const code = bytes[start];
  if (code === LETTER_N) return false;
  return end - start !== 2 || (code !== QUOTE && code !== OPEN_BRACKET && code !== OPEN_BRACE);
}

function grown<T extends Uint32Array | Float64Array | Uint8Array>(
  array: T,
  kind: new (length: number) => T,
): T {
  const larger = new kind(array.length * 2);
  larger.set(array);
  return larger;
}
