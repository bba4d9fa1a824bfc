import { createdSeconds } from "../rows/created-time.ts";
import { GUID_LENGTH, GUID_WORDS, readGuid } from "../rows/guid.ts";
import { type JsonScan, JsonScanError } from "./json-scan.ts";

const NULL = Buffer.from("null");
const LINE_FEED = 0x0a;
const CLOSE_BRACE = 0x7d;
/** Above this, the runtime's own copy is quicker than a loop. */
const LOOP_BYTES = 48;
const QUOTED_GUID = GUID_LENGTH + 2;

/** What is expected at one place of an object: users of a page all have the same keys in the same order. */
interface ExpectedKey {
  /** With quotes and colon: `"id":`. */
  readonly bytes: Uint8Array;
  /** Which value of the row it is; `undefined` for one that nobody asked for. */
  readonly place: number | undefined;
}

/** Buffers of pages that were written: a page a time made and dropped keeps the collector busier than all else. */
const spare: Buffer[] = [];
const MAX_SPARE = 2;
const BUFFER_STEP_BYTES = 2 ** 19;

function takeBuffer(bytes: number): Buffer {
  const index = spare.findIndex(({ length }) => length >= bytes);
  const size = Math.ceil(bytes / BUFFER_STEP_BYTES) * BUFFER_STEP_BYTES;
  return spare.splice(index, index < 0 ? 0 : 1)[0] ?? Buffer.allocUnsafe(size);
}

function giveBack(buffer: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(buffer);
}

/**
 * The users of one page as a snapshot keeps them: a line for each, a JSON object of the selected properties in the
 * selected order, with values as Graph sent them and `null` for what it left out.
 *
 * All lines stand in one buffer, each ended by a line feed. Making a string of each user, or an object, costs more than
 * all the rest of a run.
 */
export class UserRows {
  /** Number of users. */
  count = 0;
  /** Whether a time of creation is something else than whole seconds in UTC. */
  hasIrregularTimes = false;
  readonly #places: ReadonlyMap<string, number>;
  readonly #idPlace: number;
  readonly #createdPlace: number;
  /** `{"id":`, `,"displayName":`, … : what stands before each value of a line. */
  readonly #prefixes: readonly Uint8Array[];
  /** Where each value of the present user begins and ends; an end of 0: it was left out. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #order: ExpectedKey[] = [];
  #out: Buffer<ArrayBufferLike>;
  #length = 0;
  #lineEnds = new Uint32Array(1000);
  #ids = new Uint32Array(1000 * GUID_WORDS);
  #created = new Float64Array(1000);

  /**
   * @param properties in the order of a line
   * @param pageBytes size of the page, from which the size of the lines is guessed
   */
  constructor(properties: readonly string[], pageBytes: number) {
    // What is read beside the line has a place behind those of the line, where it is not one of them.
    const names = [...new Set([...properties, "id", "createdDateTime"])];
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#idPlace = names.indexOf("id");
    this.#createdPlace = names.indexOf("createdDateTime");
    this.#prefixes = properties.map((name, place) => Buffer.from(`${place === 0 ? "{" : ","}"${name}":`));
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

  /** One user's line, with its line feed. */
  line(index: number): Buffer {
    return this.#out.subarray(index === 0 ? 0 : this.#lineEnds[index - 1], this.#lineEnds[index]);
  }

  /** Ids as {@link readGuid} reads them, four words each. */
  get ids(): Uint32Array {
    return this.#ids;
  }

  readonly filled = new Uint32Array(64);

  /** When a user was created, in seconds since the epoch; `undefined` for nobody knows, or nobody asked. */
  createdAt(index: number): number | undefined {
    const seconds = this.#created[index];
    return Number.isNaN(seconds) ? undefined : seconds;
  }

  /**
   * Adds the user at which `scan` stands, and steps over it.
   *
   * @returns false for one without an object id, which is not added
   * @throws {JsonScanError} where it is not JSON
   */
  copy(scan: JsonScan): boolean {
    this.#locate(scan);
    const { bytes } = scan;
    const idStart = this.#starts[this.#idPlace] ?? 0;
    const idEnd = this.#ends[this.#idPlace] ?? 0;
    this.#makeRoom();
    const { count } = this;
    if (idEnd - idStart !== QUOTED_GUID || !readGuid(bytes, idStart + 1, this.#ids, count * GUID_WORDS))
      return false;
    this.#created[count] = this.#readCreated(bytes);
    this.#writeLine(scan);
    this.#lineEnds[count] = this.#length;
    this.count++;
    return true;
  }

  /** Finds out where each value is. */
  #locate(scan: JsonScan): void {
    this.#ends.fill(0);
    scan.openObject();
    for (let nth = 0; scan.nextKey(nth === 0); nth++) {
      let expected = this.#order[nth];
      if (!expected || !scan.isKey(expected.bytes)) {
        const key = scan.readKey();
        expected = { bytes: Buffer.from(`"${key}":`, "latin1"), place: this.#places.get(key) };
        this.#order[nth] = expected;
      }
      scan.peek();
      const start = scan.at;
      scan.skipValue();
      if (expected.place === undefined) continue;
      this.#starts[expected.place] = start;
      this.#ends[expected.place] = scan.at;
    }
  }

  #writeLine(scan: JsonScan): void {
    const { bytes } = scan;
    for (let place = 0; place < this.#prefixes.length; place++) {
      const prefix = this.#prefixes[place];
      if (prefix) this.#append(prefix, 0, prefix.length);
      const start = this.#starts[place] ?? 0;
      const end = this.#ends[place] ?? 0;
      if (end === 0) this.#append(NULL, 0, NULL.length);
      else if (scan.spaced) this.#appendOnOneLine(bytes.subarray(start, end));
      else this.#append(bytes, start, end);
    }
    this.#out[this.#length++] = CLOSE_BRACE;
    this.#out[this.#length++] = LINE_FEED;
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

  /** For a page with line breaks between its tokens, which Graph does not send: writes the value again. */
  #appendOnOneLine(value: Uint8Array): void {
    try {
      const text = Buffer.from(value).toString();
      const again = /[\n\r\t]/.test(text) ? Buffer.from(JSON.stringify(JSON.parse(text))) : value;
      this.#append(again, 0, again.length);
    } catch (error) {
      if (error instanceof SyntaxError) throw new JsonScanError("a value is not JSON");
      throw error;
    }
  }

  #readCreated(bytes: Uint8Array): number {
    const end = this.#ends[this.#createdPlace] ?? 0;
    if (end === 0) return Number.NaN;
    const seconds = createdSeconds(bytes, this.#starts[this.#createdPlace] ?? 0, end);
    if (seconds === undefined) this.hasIrregularTimes = true;
    return seconds ?? Number.NaN;
  }

  #makeRoom(): void {
    if (this.count < this.#lineEnds.length) return;
    this.#lineEnds = grown(this.#lineEnds, Uint32Array);
    this.#ids = grown(this.#ids, Uint32Array);
    this.#created = grown(this.#created, Float64Array);
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafe(Math.ceil((this.#out.length + bytes) * 1.5));
    larger.set(this.lines);
    this.#out = larger;
  }
}

function grown<T extends Uint32Array | Float64Array>(array: T, kind: new (length: number) => T): T {
  const larger = new kind(array.length * 2);
  larger.set(array);
  return larger;
}
