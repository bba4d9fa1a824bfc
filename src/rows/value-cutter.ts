import { membersOfJson } from "./json-text.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Cuts the values of users out of JSON lines without parsing them. Fast for lines as a snapshot has them, with the run's
 * properties in the run's order and no white space between tokens; slower, but still correct, for any other line.
 */
export class ValueCutter {
  readonly #wanted: readonly string[];
  /** `{"id":`, `,"displayName":`, … : what precedes each value of a line. */
  readonly #prefixes: readonly string[];
  /** Where each value goes, up to the last that is wanted; -1 for one that is not. */
  readonly #places: readonly number[];
  readonly #values: string[];

  /**
   * @param properties in the order of the lines
   * @param wanted the properties to cut out, in the order to return them; all of them by default
   */
  constructor(properties: readonly string[], wanted: readonly string[] = properties) {
    this.#wanted = wanted;
    const places = properties.map((name) => wanted.indexOf(name));
    this.#places = places.slice(0, places.findLastIndex((place) => place >= 0) + 1);
    this.#prefixes = properties.map((name, nth) => `${nth === 0 ? "{" : ","}${JSON.stringify(name)}:`);
    this.#values = Array<string>(wanted.length).fill("null");
  }

  /**
   * @param line a user as JSON
   * @returns the JSON of each value, `null` for a property that the line lacks; the same array is reused for each line
   * @throws {JsonScanError} if the line is not JSON; lines that look as a snapshot has them are not checked that closely
   */
  cut(line: string): readonly string[] {
    const values = this.#values;
    let end = 0;
    for (let nth = 0; nth < this.#places.length; nth++) {
      const prefix = this.#prefixes[nth] ?? "";
      if (!line.startsWith(prefix, end)) return this.#search(line);
      const start = end + prefix.length;
      end = endOfValue(line, start);
      if (end === start) return this.#search(line);
      const place = this.#places[nth] ?? -1;
      if (place >= 0) values[place] = line.slice(start, end);
    }
    return values;
  }

  #search(line: string): readonly string[] {
    const members = membersOfJson(line);
    for (const [place, name] of this.#wanted.entries()) this.#values[place] = members.get(name) ?? "null";
    return this.#values;
  }
}

/** Where the value at `start` ends; `start` itself if there is none. */
function endOfValue(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return endOfString(text, start);
  if (code === OPEN_BRACE || code === OPEN_BRACKET) return endOfNested(text, start);
  let end = start;
  for (let next = code; next !== COMMA && next !== CLOSE_BRACE && next > SPACE; ) {
    next = text.charCodeAt(++end);
  }
  return end;
}

function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (text.charCodeAt(end - 1) === BACKSLASH && isEscaped(text, end));
  return end + 1;
}

/** Whether an odd number of backslashes precedes `at`. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return (at - before) % 2 === 0;
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    at++;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) break;
  }
  return at;
}
