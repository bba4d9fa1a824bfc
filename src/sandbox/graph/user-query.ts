import { createHash } from "node:crypto";
import type { Filter } from "../people/filter.ts";
import { USER_PROPERTIES } from "../people/user-property.ts";
import { Refusal } from "../service/refusal.ts";
import { parseFilter } from "./filter.ts";

/** The options of a list request, as they were sent. */
export interface QueryOptions {
  /** `$top`. */
  readonly top?: string;
  /** `$select`. */
  readonly select?: string;
  /** `$filter`. */
  readonly filter?: string;
  /** `$count`. */
  readonly count?: string;
}

/** A list request that Graph accepts. */
export interface UserQuery {
  /** Identifies the query in page tokens. */
  readonly key: string;
  /** As sent, for the next link. */
  readonly options: QueryOptions;
  /** Most users on a page. */
  readonly top: number;
  /** Selected properties in the order of `$select`; `undefined` means the default set. */
  readonly select: readonly string[] | undefined;
  /** Properties of a row in the directory's own order. */
  readonly columns: readonly string[];
  /** `undefined` means all people. */
  readonly filter: Filter | undefined;
  /** Whether the first page has `@odata.count`. */
  readonly counts: boolean;
}

/** The properties of a list without `$select` (learn.microsoft.com/graph/api/user-list). */
const DEFAULT_SELECT = new Set(
  "businessPhones displayName givenName id jobTitle mail mobilePhone officeLocation preferredLanguage surname userPrincipalName".split(
    " ",
  ),
);

/** Properties that only a request for a single user can return (same page). */
const SINGLE_USER_ONLY = new Set(
  "aboutMe birthday hireDate interests mySite pastProjects preferredName responsibilities schools skills mailboxSettings".split(
    " ",
  ),
);

const OPTION_NAMES: ReadonlyMap<string, keyof QueryOptions> = new Map([
  ["$top", "top"],
  ["$select", "select"],
  ["$filter", "filter"],
  ["$count", "count"],
]);

const KNOWN_OPTIONS = new Set(["$orderby", "$search", "$expand", "$skip", "$format", "$apply", "$compute"]);

/** Reads the options in a query string, except `$skiptoken`. Refuses those that a list of users does not support. */
export function readOptions(query: URLSearchParams): QueryOptions {
  const options: { -readonly [Key in keyof QueryOptions]: string } = {};
  for (const [name, value] of query) {
    if (!name.startsWith("$") || name === "$skiptoken") continue;
    const option = OPTION_NAMES.get(name);
    if (option === undefined) {
      if (KNOWN_OPTIONS.has(name))
        throw new Refusal(400, "Request_UnsupportedQuery", `'${name}' is not supported by the service.`);
      throw new Refusal(400, "BadRequest", `Unrecognized query argument specified: '${name}'.`);
    }
    if (options[option] !== undefined) {
      throw new Refusal(
        400,
        "BadRequest",
        `Query option '${name}' was specified more than once, but it must be specified at most once.`,
      );
    }
    options[option] = value;
  }
  return options;
}

/**
 * Parses the options, or refuses them.
 *
 * @param eventual whether the request has `ConsistencyLevel: eventual`
 */
export function parseUserQuery(options: QueryOptions, eventual: boolean): UserQuery {
  const select = options.select === undefined ? undefined : parseSelect(options.select);
  if (options.count !== undefined && options.count !== "true" && options.count !== "false") {
    throw new Refusal(400, "BadRequest", `Invalid value '${options.count}' for $count query option found.`);
  }
  const counts = eventual && options.count === "true";
  return {
    key: createHash("sha256")
      .update(JSON.stringify([options.top, options.select, options.filter, options.count]))
      .digest("hex")
      .slice(0, 16),
    options,
    top: parseTop(options.top, select?.includes("signInActivity") ? 500 : 999),
    select,
    columns: [...USER_PROPERTIES.keys()].filter((name) =>
      select ? select.includes(name) : DEFAULT_SELECT.has(name),
    ),
    filter: options.filter === undefined ? undefined : parseFilter(options.filter, counts),
    counts,
  };
}

function parseTop(text: string | undefined, max: number): number {
  if (text === undefined) return 100;
  if (!/^\d+$/.test(text)) {
    throw new Refusal(
      400,
      "BadRequest",
      `Invalid value '${text}' for $top query option found. The $top query option requires a non-negative integer value.`,
    );
  }
  const top = Number(text);
  if (top >= 1 && top <= max) return top;
  throw new Refusal(
    400,
    "Request_UnsupportedQuery",
    `Invalid page size specified: '${text}'. Must be between 1 and ${max} inclusive.`,
  );
}

function parseSelect(text: string): readonly string[] {
  const names = [...new Set(text.split(",").map((name) => name.trim()))];
  for (const name of names) {
    if (SINGLE_USER_ONLY.has(name))
      throw new Refusal(501, "NotImplemented", "This operation target is not yet supported.");
    if (!USER_PROPERTIES.has(name)) {
      throw new Refusal(
        400,
        "Request_BadRequest",
        `Could not find a property named '${name}' on type 'microsoft.graph.user'.`,
      );
    }
  }
  return names;
}
