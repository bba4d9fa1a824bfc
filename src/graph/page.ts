import { isUtf8 } from "node:buffer";
import { RollcallError } from "../error.ts";
import { JsonScan, JsonScanError } from "./json-scan.ts";
import { UserRows } from "./user-rows.ts";

/** One page of a listing. */
export interface Page {
  /** Empty pages exist and mean nothing: only a missing next link ends a listing. */
  readonly rows: UserRows;
  /** Where the next page is, exactly as Graph sent it; `undefined` on the last page. */
  readonly nextLink: string | undefined;
}

/**
 * Reads the body of a page. Users are copied out of the bytes rather than parsed and written again.
 *
 * @returns `undefined` when it is no page at all, for instance an error document sent with status 200
 * @throws {RollcallError} `graph-page-invalid` for a user without an object id: it could be neither counted nor told
 *   from another
 * @see https://learn.microsoft.com/graph/paging
 */
export function readPage(body: Buffer, properties: readonly string[], doing: string): Page | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    return scanPage(new JsonScan(body), properties, doing);
  } catch (error) {
    if (error instanceof JsonScanError) return undefined;
    throw error;
  }
}

function scanPage(scan: JsonScan, properties: readonly string[], doing: string): Page | undefined {
  let rows: UserRows | undefined;
  let nextLink: string | undefined;
  const { bytes } = scan;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) scan.at = 3;
  scan.openObject();
  for (let first = true; scan.nextKey(first); first = false) {
    const key = scan.readKey();
    if (key === "error") return undefined;
    if (key === "value") {
      rows = readRows(scan, properties, doing);
    } else if (key === "@odata.nextLink") {
      nextLink = readString(scan);
      if (nextLink === undefined || !URL.canParse(nextLink)) return undefined;
    } else {
      scan.skipValue();
    }
  }
  if (scan.peek() !== undefined) return undefined;
  return rows && { rows, nextLink };
}

/** A string that is wanted as one, the next link; `undefined` for another kind of value. */
function readString(scan: JsonScan): string | undefined {
  scan.peek();
  const start = scan.at;
  scan.skipValue();
  const value: unknown = JSON.parse(Buffer.from(scan.bytes.subarray(start, scan.at)).toString());
  return typeof value === "string" ? value : undefined;
}

function readRows(scan: JsonScan, properties: readonly string[], doing: string): UserRows {
  const rows = new UserRows(properties, scan.bytes.length);
  scan.openArray();
  for (let index = 0; scan.nextElement(index === 0); index++) {
    if (scan.isObject() && rows.copy(scan)) continue;
    throw new RollcallError("graph-page-invalid", {
      doing,
      problem: `the user at position ${index + 1} of the page has no object id`,
      remedy: "Nothing was published. The next run tries again; if it goes on, report it to Microsoft.",
    });
  }
  return rows;
}
