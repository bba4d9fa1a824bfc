import { isUtf8 } from "node:buffer";
import { RollcallError } from "../error.ts";
import { JsonScan, JsonScanError } from "./json-scan.ts";

/** One user as a snapshot keeps it. */
export interface UserRow {
  /** Object id, a lower-case GUID. */
  readonly id: string;
  /**
   * JSON object of the selected properties in the selected order, without a line break: a byte string (one character is
   * one byte of UTF-8, Node's `latin1`), so that values stay as Graph sent them.
   */
  readonly line: string;
}

/** One page of a listing. */
export interface Page {
  /** Empty pages exist and mean nothing: only a missing next link ends a listing. */
  readonly rows: readonly UserRow[];
  /** Where the next page is, exactly as Graph sent it; `undefined` on the last page. */
  readonly nextLink: string | undefined;
}

/** Any GUID but the nil one, which names nothing. */
const GUID = /^(?!0{8}-0{4}-0{4}-0{4}-0{12}$)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a value is the id of a directory object. */
export function isObjectId(value: unknown): value is string {
  return typeof value === "string" && GUID.test(value);
}

/**
 * Reads the body of a page. Users are cut out of the bytes rather than parsed and written again.
 *
 * @returns `undefined` when it is no page at all, for instance an error document sent with status 200
 * @throws {RollcallError} `graph-page-invalid` for a user without an object id: it could be neither counted nor told
 *   from another
 * @see https://learn.microsoft.com/graph/paging
 */
export function readPage(body: Buffer, properties: readonly string[], doing: string): Page | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    return scanPage(new JsonScan(body.toString("latin1")), new RowReader(properties, doing));
  } catch (error) {
    if (error instanceof JsonScanError) return undefined;
    throw error;
  }
}

function scanPage(scan: JsonScan, reader: RowReader): Page | undefined {
  let rows: readonly UserRow[] | undefined;
  let nextLink: string | undefined;
  if (scan.text.startsWith("\xef\xbb\xbf")) scan.at = 3;
  scan.openObject();
  for (let key = scan.nextKey(true); key !== undefined; key = scan.nextKey(false)) {
    if (key === '"value"') {
      rows = reader.readAll(scan);
    } else if (key === '"@odata.nextLink"') {
      nextLink = readString(scan);
      if (nextLink === undefined || !URL.canParse(nextLink)) return undefined;
    } else if (key === '"error"') {
      return undefined;
    } else {
      scan.skipValue();
    }
  }
  if (!Number.isNaN(scan.peek())) return undefined;
  return rows && { rows, nextLink };
}

/** A string that is wanted as one, the next link; `undefined` for another kind of value. */
function readString(scan: JsonScan): string | undefined {
  scan.peek();
  const start = scan.at;
  scan.skipValue();
  const value: unknown = JSON.parse(Buffer.from(scan.text.slice(start, scan.at), "latin1").toString());
  return typeof value === "string" ? value : undefined;
}

/** Reads users one after another; learns the order of keys, which is the same for all of a page, from the first. */
class RowReader {
  readonly #doing: string;
  readonly #places: ReadonlyMap<string, number>;
  readonly #idPlace: number;
  /** `{"id":`, `,"displayName":`, … : what stands before each value of a line. */
  readonly #prefixes: readonly string[];
  readonly #values: string[];
  #order: { readonly key: string; readonly place: number | undefined }[] = [];
  /** Whether line breaks or tabs stand between tokens: values are then written again, on one line. */
  #spaced = false;

  constructor(properties: readonly string[], doing: string) {
    this.#doing = doing;
    // Behind the selected ones, where it is not one of them.
    this.#idPlace = properties.includes("id") ? properties.indexOf("id") : properties.length;
    this.#places = new Map([
      ['"id"', this.#idPlace],
      ...properties.map((name, place) => [`"${name}"`, place] as const),
    ]);
    this.#prefixes = properties.map((name, place) => `${place === 0 ? "{" : ","}"${name}":`);
    this.#values = Array<string>(properties.length + 1).fill("null");
  }

  readAll(scan: JsonScan): readonly UserRow[] {
    this.#spaced = /[\n\r\t]/.test(scan.text);
    const rows: UserRow[] = [];
    scan.openArray();
    while (scan.nextElement(rows.length === 0)) rows.push(this.#read(scan, rows.length));
    return rows;
  }

  #read(scan: JsonScan, index: number): UserRow {
    const values = this.#values.fill("null");
    if (scan.peek() !== "{".charCodeAt(0)) {
      scan.skipValue();
      throw this.#noId(index);
    }
    scan.openObject();
    for (let nth = 0; ; nth++) {
      const expected = this.#order[nth];
      const key = scan.nextKey(nth === 0, expected?.key);
      if (key === undefined) break;
      let place = expected?.place;
      if (expected === undefined || expected.key.length !== key.length + 1 || !expected.key.startsWith(key)) {
        place = this.#places.get(key);
        this.#order[nth] = { key: `${key}:`, place };
      }
      scan.peek();
      const start = scan.at;
      scan.skipValue();
      if (place !== undefined) values[place] = this.#cut(scan.text, start, scan.at);
    }
    const id = values[this.#idPlace]?.slice(1, -1);
    if (!isObjectId(id)) throw this.#noId(index);
    let line = "";
    for (let place = 0; place < this.#prefixes.length; place++)
      line += `${this.#prefixes[place]}${values[place]}`;
    return { id: id.toLowerCase(), line: `${line}}` };
  }

  #cut(text: string, start: number, end: number): string {
    const value = text.slice(start, end);
    if (!this.#spaced || !/[\n\r\t]/.test(value)) return value;
    const bytes = Buffer.from(value, "latin1");
    try {
      return Buffer.from(JSON.stringify(JSON.parse(bytes.toString()))).toString("latin1");
    } catch {
      throw new JsonScanError(`no value at byte ${start}`);
    }
  }

  #noId(index: number): RollcallError {
    return new RollcallError("graph-page-invalid", {
      doing: this.#doing,
      problem: `the user at position ${index + 1} of the page has no object id`,
      remedy: "Nothing was published. The next run tries again; if it goes on, report it to Microsoft.",
    });
  }
}
