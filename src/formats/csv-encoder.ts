import { CsvRows } from "./csv.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LETTER_N = 0x6e;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Most bytes of CSV that a line's bytes become: each may be a quote that is doubled. */
const MAX_GROWTH = 2;
/** Besides that, for each cell: a comma, two quotes and an apostrophe. */
const MAX_CELL_BYTES = 4;

/** What a byte may be in a text that goes into its cell as it is. */
const PLAIN = 1;
/** The same, and the text may begin or end with it. */
const AT_EDGE = 2;
/** The same, and no number has it. */
const NO_NUMBER = 4;

/** By byte. All that is not in here, such as escapes and letters beyond ASCII, takes the slow way of `CsvRows`. */
const CLASSES = new Uint8Array(256);
for (const character of "_@.- :/()#&!?*$%<>[]{}|~^") CLASSES[character.charCodeAt(0)] = PLAIN;
for (const character of "-:/@_") CLASSES[character.charCodeAt(0)] = PLAIN | NO_NUMBER;
for (const character of "0123456789eE") CLASSES[character.charCodeAt(0)] = PLAIN | AT_EDGE;
for (const character of "abcdfghijklmnopqrstuvwxyzABCDFGHIJKLMNOPQRSTUVWXYZ") {
  CLASSES[character.charCodeAt(0)] = PLAIN | AT_EDGE | NO_NUMBER;
}

/**
 * Writes users as CSV, byte for byte what {@link CsvRows} writes, out of bytes into bytes: half the time, as most values
 * need no string made of them.
 */
export class CsvEncoder {
  readonly #slow: CsvRows;
  /** `{"id":`, `,"displayName":`, … : what precedes each value of a line. */
  readonly #prefixes: readonly Uint8Array[];
  readonly #cell: CsvRows;
  #out: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @param properties of the lines, in their order, which is that of the columns */
  constructor(properties: readonly string[]) {
    this.#slow = new CsvRows(properties);
    this.#cell = new CsvRows(["id"]);
    this.#prefixes = properties.map((name, nth) =>
      Buffer.from(`${nth === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    );
  }

  /** The most bytes that {@link encode} writes. */
  maxBytes(lines: Buffer, users: number): number {
    return MAX_GROWTH * lines.length + users * (this.#prefixes.length * MAX_CELL_BYTES + 2);
  }

  /**
   * Encodes a row for each line.
   *
   * @param lines JSON in UTF-8, each ended by a line feed
   * @param out has room for {@link maxBytes} from `at` on
   * @returns where the rows end in `out`
   */
  encode(lines: Buffer, out: Buffer, at: number): number {
    this.#out = out;
    this.#at = at;
    for (let start = 0, end: number; start < lines.length; start = end + 1) {
      end = lines.indexOf(LINE_FEED, start);
      const begun = this.#at;
      if (this.#row(lines, start, end)) continue;
      this.#at = begun;
      this.#write(this.#slow.rows([lines.toString("utf8", start, end)]));
    }
    this.#out = Buffer.alloc(0);
    return this.#at;
  }

  /** @returns whether the line looks as a snapshot has it; if not, what was written so far means nothing */
  #row(lines: Buffer, start: number, end: number): boolean {
    let at = start;
    for (let nth = 0; nth < this.#prefixes.length; nth++) {
      const prefix = this.#prefixes[nth];
      if (!prefix || !isAt(lines, at, prefix)) return false;
      if (nth > 0) this.#out[this.#at++] = COMMA;
      at = this.#value(lines, at + prefix.length, end);
      if (at < 0) return false;
    }
    this.#out[this.#at++] = CARRIAGE_RETURN;
    this.#out[this.#at++] = LINE_FEED;
    return at === end - 1 && lines[at] === CLOSE_BRACE;
  }

  /** Writes the cell of the value at `start`. Returns where the value ends; -1 if there is none. */
  #value(lines: Buffer, start: number, lineEnd: number): number {
    const first = lines[start] ?? 0;
    if (first === QUOTE) return this.#text(lines, start, lineEnd);
    if (first === OPEN_BRACKET || first === OPEN_BRACE) return this.#nested(lines, start, lineEnd);
    let end = start;
    for (let next = first; next !== COMMA && next !== CLOSE_BRACE && next > SPACE && end < lineEnd; ) {
      if (first !== LETTER_N) this.#out[this.#at++] = next;
      next = lines[++end] ?? 0;
    }
    // Of the values without quotes or brackets only null begins so; its cell is empty.
    return end === start || (first === LETTER_N && end - start !== 4) ? -1 : end;
  }

  #text(lines: Buffer, start: number, lineEnd: number): number {
    const out = this.#out;
    let written = this.#at;
    let at = start + 1;
    let all = 0;
    for (let next = lines[at] ?? 0; next !== QUOTE; next = lines[++at] ?? 0) {
      const kind = CLASSES[next] ?? 0;
      if (kind === 0 || at >= lineEnd) return this.#unusualText(lines, start, lineEnd);
      all |= kind;
      out[written++] = next;
    }
    const edges = (CLASSES[lines[start + 1] ?? 0] ?? 0) & (CLASSES[lines[at - 1] ?? 0] ?? 0);
    if ((edges & AT_EDGE) === 0 || (all & NO_NUMBER) === 0) return this.#unusualText(lines, start, lineEnd);
    this.#at = written;
    return at + 1;
  }

  /** For a text with escapes, with letters beyond ASCII, or that needs quotes or an apostrophe. */
  #unusualText(lines: Buffer, start: number, lineEnd: number): number {
    const end = endOfString(lines, start, lineEnd);
    if (end < 0) return -1;
    const row = this.#cell.rows([`{"id":${lines.toString("utf8", start, end)}}`]);
    this.#write(row.slice(0, -2));
    return end;
  }

  /** A collection or an object: its JSON, in quotes unless it has neither quotes nor commas. */
  #nested(lines: Buffer, start: number, lineEnd: number): number {
    const out = this.#out;
    let end = start;
    let depth = 0;
    let isQuoted = false;
    do {
      const next = lines[end] ?? 0;
      if (end >= lineEnd) return -1;
      if (next === QUOTE) {
        isQuoted = true;
        end = endOfString(lines, end, lineEnd);
        if (end < 0) return -1;
        continue;
      }
      if (next === COMMA) isQuoted = true;
      if (next === OPEN_BRACKET || next === OPEN_BRACE) depth++;
      if (next === CLOSE_BRACKET || next === CLOSE_BRACE) depth--;
      end++;
    } while (depth > 0);
    let written = this.#at;
    if (isQuoted) out[written++] = QUOTE;
    for (let at = start; at < end; at++) {
      const next = lines[at] ?? 0;
      if (next === QUOTE) out[written++] = QUOTE;
      out[written++] = next;
    }
    if (isQuoted) out[written++] = QUOTE;
    this.#at = written;
    return end;
  }

  #write(text: string): void {
    this.#at += this.#out.write(text, this.#at);
  }
}

function isAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++)
    if (bytes[at + index] !== expected[index]) return false;
  return true;
}

/** Behind the closing quote of the string at `start`; -1 if it has none. */
function endOfString(bytes: Uint8Array, start: number, lineEnd: number): number {
  for (let at = start + 1; at < lineEnd; at++) {
    const next = bytes[at];
    if (next === BACKSLASH) at++;
    else if (next === QUOTE) return at + 1;
  }
  return -1;
}
