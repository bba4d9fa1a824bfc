import { isUtf8 } from "node:buffer";
import { DamagedBodyError } from "../http/http-client.ts";
import { JsonScan, JsonScanError } from "../rows/json-scan.ts";
import { RowBuffers } from "../rows/row-buffers.ts";
import { UserRows } from "../rows/user-rows.ts";

/** One page of a listing. */
export interface Page {
  /** May be empty: only a missing next link ends a listing. */
  readonly rows: UserRows;
  /** URL of the next page, exactly as Graph sent it; `undefined` on the last page. */
  readonly nextLink: string | undefined;
}

/**
 * Reads the body of a page. Users are copied out of its bytes, not parsed and serialised again.
 *
 * The whole page must be valid JSON and look like a page before any of its users is judged.
 *
 * @param buffers of the run; absent for a single page
 * @throws {DamagedBodyError} if the body is not a page, such as an error document with status 200, or if a user has no id
 *   or does not fit a line of a snapshot
 * @see https://learn.microsoft.com/graph/paging
 */
export function readPage(body: Buffer, properties: readonly string[], buffers = new RowBuffers()): Page {
  if (!isUtf8(body)) throw new DamagedBodyError("it is not UTF-8");
  try {
    return scanPage(new JsonScan(body), properties, buffers);
  } catch (error) {
    if (error instanceof JsonScanError) throw new DamagedBodyError(`it is not JSON: ${error.message}`);
    throw error;
  }
}

function scanPage(scan: JsonScan, properties: readonly string[], buffers: RowBuffers): Page {
  let users: Users | undefined;
  let nextLink: string | undefined;
  let hasGoodLink = true;
  let hasOtherLink = false;
  let isError = false;
  const { bytes } = scan;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) scan.at = 3;
  scan.openObject();
  for (let first = true; scan.nextKey(first); first = false) {
    const key = scan.readKey();
    if (key === "value") {
      users?.rows.release();
      users = readUsers(scan, properties, buffers);
    } else if (key === "@odata.nextLink") {
      nextLink = readNextLink(scan);
      hasGoodLink = nextLink !== undefined;
    } else {
      if (key === "error") isError = true;
      // OData has other names for it (`@nextLink` since 4.01). Ignoring such a link would end the listing early.
      if (/nextlink$/i.test(key)) hasOtherLink = true;
      scan.skipValue();
    }
  }
  scan.expectEnd();
  if (isError) throw new DamagedBodyError("it is an error document");
  if (!users) throw new DamagedBodyError("it has no list of users");
  if (!hasGoodLink) throw new DamagedBodyError("its next link is not a URL");
  if (hasOtherLink) throw new DamagedBodyError("its next link is not named @odata.nextLink");
  const { rows, problem } = users;
  if (problem === undefined) return { rows, nextLink };
  rows.release();
  throw new DamagedBodyError(problem);
}

/** The next link; `undefined` for anything but a URL. */
function readNextLink(scan: JsonScan): string | undefined {
  if (!scan.isString()) {
    scan.skipValue();
    return undefined;
  }
  const link = scan.readString();
  return URL.canParse(link) ? link : undefined;
}

/** The users of a page, up to the first that is unusable. */
interface Users {
  readonly rows: UserRows;
  /** Which user is unusable and why; `undefined` if none is. */
  readonly problem: string | undefined;
}

/** @returns `undefined` if the value is not a list */
function readUsers(scan: JsonScan, properties: readonly string[], buffers: RowBuffers): Users | undefined {
  if (!scan.isArray()) {
    scan.skipValue();
    return undefined;
  }
  const rows = new UserRows(properties, scan.bytes.length, buffers);
  try {
    return { rows, problem: copyUsers(scan, rows) };
  } catch (error) {
    rows.release();
    throw error;
  }
}

/** Copies users up to the first that is unusable, and skips the rest. Returns which user is unusable and why. */
function copyUsers(scan: JsonScan, rows: UserRows): string | undefined {
  let problem: string | undefined;
  scan.openArray();
  for (let position = 1; scan.nextElement(position === 1); position++) {
    if (problem === undefined && scan.isObject()) {
      const wrong = rows.copy(scan);
      if (wrong !== undefined) problem = `the user at position ${position} of the page ${wrong}`;
    } else {
      problem ??= `the user at position ${position} of the page is not an object`;
      scan.skipValue();
    }
  }
  return problem;
}
