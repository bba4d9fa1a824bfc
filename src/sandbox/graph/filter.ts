import type { Filter } from "../people/filter.ts";
import { Refusal } from "../service/refusal.ts";

const TIMESTAMP = String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z)`;
const CREATED_FROM = new RegExp(`^createdDateTime ge ${TIMESTAMP}$`);
const CREATED_TO = new RegExp(`^createdDateTime le ${TIMESTAMP}$`);
const CREATED_BOTH = new RegExp(`^createdDateTime ge ${TIMESTAMP} and createdDateTime le ${TIMESTAMP}$`);
const CLAUSE = /^([A-Za-z/]+) +(eq|ne|gt|ge|lt|le|in|has)\b/;

/**
 * Parses a `$filter`, or refuses it as Graph does (learn.microsoft.com/graph/aad-advanced-queries: `createdDateTime`
 * supports `ge` and `le` always, and `eq null` only in advanced queries; no user property supports `lt` or `gt`).
 *
 * @param advanced whether the request has `ConsistencyLevel: eventual` and `$count=true`
 */
export function parseFilter(text: string, advanced: boolean): Filter {
  const both = CREATED_BOTH.exec(text);
  if (both) return { kind: "createdBetween", fromSeconds: seconds(both[1]), toSeconds: seconds(both[2]) };
  const from = CREATED_FROM.exec(text);
  if (from) return { kind: "createdBetween", fromSeconds: seconds(from[1]), toSeconds: undefined };
  const to = CREATED_TO.exec(text);
  if (to) return { kind: "createdBetween", fromSeconds: undefined, toSeconds: seconds(to[1]) };
  const enabled = /^accountEnabled eq (true|false)$/.exec(text);
  if (enabled) return { kind: "accountEnabled", value: enabled[1] === "true" };
  const type = /^userType eq '([A-Za-z]+)'$/.exec(text);
  if (type) return { kind: "userType", value: type[1] ?? "" };
  if (advanced && text === "createdDateTime eq null") return { kind: "createdNull" };
  const property = CLAUSE.exec(text)?.[1];
  if (property === undefined) throw new Refusal(400, "BadRequest", "Invalid filter clause");
  throw new Refusal(
    400,
    "Request_UnsupportedQuery",
    `Unsupported or invalid query filter clause specified for property '${property}' of resource 'User'.`,
  );
}

function seconds(text: string | undefined): number {
  const time = Date.parse(text ?? "");
  if (Number.isNaN(time)) throw new Refusal(400, "BadRequest", "Invalid filter clause");
  return time / 1000;
}
