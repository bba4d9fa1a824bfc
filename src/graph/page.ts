import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";

/** One user as a snapshot keeps it. */
export interface UserRow {
  /** Object id, a lower-case GUID. */
  readonly id: string;
  /** JSON object of the selected properties in the selected order, without a line break. */
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

/**
 * Reads the body of a page.
 *
 * @returns `undefined` when it is no page at all, for instance an error document sent with status 200
 * @throws {RollcallError} `graph-page-invalid` for a user without an object id: it could be neither counted nor told
 *   from another
 * @see https://learn.microsoft.com/graph/paging
 */
export function readPage(body: Buffer, properties: readonly string[], doing: string): Page | undefined {
  const page = parseJson(body);
  if (!isRecord(page) || !Array.isArray(page.value) || "error" in page) return undefined;
  const nextLink = page["@odata.nextLink"];
  if (nextLink !== undefined && (typeof nextLink !== "string" || !URL.canParse(nextLink))) return undefined;
  return { rows: page.value.map((user, index) => readUser(user, index, properties, doing)), nextLink };
}

/** Whether a value is the id of a directory object. */
export function isObjectId(value: unknown): value is string {
  return typeof value === "string" && GUID.test(value);
}

function readUser(user: unknown, index: number, properties: readonly string[], doing: string): UserRow {
  const id = isRecord(user) ? user.id : undefined;
  if (!isRecord(user) || !isObjectId(id)) {
    throw new RollcallError("graph-page-invalid", {
      doing,
      problem: `the user at position ${index + 1} of the page has no object id`,
      remedy: "Nothing was published. The next run tries again; if it goes on, report it to Microsoft.",
    });
  }
  return { id: id.toLowerCase(), line: toLine(user, properties) };
}

/** A property that Graph left out is `null`: readers find the same keys in each line. */
function toLine(user: Record<string, unknown>, properties: readonly string[]): string {
  const row: Record<string, unknown> = {};
  for (const property of properties) row[property] = user[property] ?? null;
  return JSON.stringify(row);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
