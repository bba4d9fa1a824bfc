import { createdSeconds } from "./created-time.ts";
import { GUID_WORDS } from "./guid.ts";
import { copyCompact, type JsonScan, textOfString } from "./json-scan.ts";
import { MAX_LINE_BYTES } from "./line-limit.ts";
import { readObjectId } from "./object-id.ts";
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
 * The most that the lines of a page may take, in bytes: as much again as the largest body, for the names and nulls that
 * each line has. More users than were asked for, each almost empty, could grow to ten times their page.
 */
const MAX_LINES_BYTES = 128 * 2 ** 20;
/** Keys of a user that are remembered for the next one; nobody selects more. */
const MAX_EXPECTED_KEYS = 1000;

/** What is expected at one place of an object: users of a page all have the same keys in the same order. */
interface ExpectedKey {
  /** As it is written, with quotes and colon: `"id":`. */
  readonly bytes: Uint8Array;
  /** Which value of the row it is; `undefined` for one that nobody asked for. */
  readonly place: number | undefined;
}

/** Buffers of pages that were written: a page a time made and dropped keeps the collector busier than all else. */
const spare: Buffer[] = [];
const MAX_SPARE = 2;
const MAX_SPARE_BYTES = 16 * 2 ** 20;
const BUFFER_STEP_BYTES = 2 ** 19;

function takeBuffer(bytes: number): Buffer {
  const index = spare.findIndex(({ length }) => length >= bytes);
  const size = Math.ceil(bytes / BUFFER_STEP_BYTES) * BUFFER_STEP_BYTES;
  return spare.splice(index, index < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafe(size);
}

function giveBack(buffer: Buffer): void {
  if (spare.length < MAX_SPARE && buffer.length <= MAX_SPARE_BYTES) spare.push(buffer);
}

/**
 * The users of one page as a snapshot keeps them: a line for each, a JSON object of the selected properties in the
 * selected order, with values as Graph sent them, but for white space between their tokens, and `null` for what it left out.
 *
 * All lines stand in one buffer, each ended by a line feed. Making a string of each user, or an object, costs more than
 * all the rest of a run.
 */
export class UserRows {
  /** Number of users. */
  count = 0;
  /** Whether a time of creation is something else than whole seconds in UTC. */
  hasIrregularTimes = false;
  /**
   * How many of the users have a value for each property, by its place in the selection: neither absent nor `null`, `""`,
   * `[]` or `{}`.
   */
  readonly filled: Uint32Array;
  readonly #places: ReadonlyMap<string, number>;
  readonly #idPlace: number;
  readonly #createdPlace: number;
  /** `{"id":`, `,"displayName":`, … : what stands before each value of a line. */
  readonly #prefixes: readonly Uint8Array[];
  /** Where each value of the present user begins and ends; an end of 0: it was left out. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  /** Whether there is white space inside of the present user's values. */
  #isSpaced = false;
  readonly #order: ExpectedKey[] = [];
  #out: Buffer<ArrayBufferLike>;
  #length = 0;
  #lineEnds = new Uint32Array(1000);
  #ids = new Uint32Array(1000 * GUID_WORDS);
  #created = new Float64Array(1000);
  #traits = new Uint8Array(1000);
  readonly #traitReader: TraitReader;

  /**
   * @param properties in the order of a line
   * @param pageBytes size of the page, from which the size of the lines is guessed
   */
  constructor(properties: readonly string[], pageBytes: number) {
    // What is read beside the line has a place behind those of the line, where it is not one of them.
    const names = [...new Set([...properties, "id", "createdDateTime"])];
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#traitReader = new TraitReader(names);
    this.#idPlace = names.indexOf("id");
    this.#createdPlace = names.indexOf("createdDateTime");
    this.#prefixes = properties.map((name, place) => Buffer.from(`${place === 0 ? "{" : ","}"${name}":`));
    this.filled = new Uint32Array(properties.length);
    this.#starts = new Int32Array(names.length);
    this.#ends = new Int32Array(names.length);
    this.#out = takeBuffer(pageBytes + 4096);
  }

  /** Gives the memory of the lines back for the next page. Nothing may read them after that. */
  release(): void {
    giveBack(this.#out);
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

  /** Ids as {@link readGuid} reads them, four words each. */
  get ids(): Uint32Array {
    return this.#ids;
  }

  /** When a user was created, in seconds since the epoch; `undefined` for nobody knows, or nobody asked. */
  createdAt(index: number): number | undefined {
    const seconds = this.#created[index];
    return Number.isNaN(seconds) ? undefined : seconds;
  }

  /** What is counted of a user, as the bits of `TRAIT`. */
  traits(index: number): number {
    return this.#traits[index] ?? 0;
  }

  /**
   * Adds the user at which `scan` stands, and steps over it.
   *
   * @returns what makes it unusable, a clause without a subject, and the user was not added; else `undefined`
   * @throws {JsonScanError} where it is not JSON
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
    const begun = this.#length;
    this.#writeLine(bytes);
    const lineBytes = this.#length - begun - 1;
    if (lineBytes > MAX_LINE_BYTES) {
      const id = textOfString(bytes, idStart, idEnd);
      return (
        `takes ${lineBytes} bytes, more than the ${MAX_LINE_BYTES} that a line may have: ${id}, most of it ` +
        `${this.#longest()}, which ROLLCALL_PROPERTIES can leave out`
      );
    }
    if (this.#length > MAX_LINES_BYTES) {
      return `is one too many: the lines of a page may take ${MAX_LINES_BYTES} bytes`;
    }
    this.#lineEnds[count] = this.#length;
    this.count++;
    return undefined;
  }

  /** Finds out where each value is. Of a repeated key the last one counts, as for `JSON.parse`. */
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

  /** The property of the present user that takes the most bytes. */
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
    // Room for the value, the next prefix, and the end of the line.
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

  /** For a page with white space between its tokens, which Graph does not send. */
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
