import { setTimeout as sleep } from "node:timers/promises";
import type { TokenSigner } from "../entra/token.ts";
import type { Directory } from "../people/directory.ts";
import { findFault, type SandboxRequest } from "../service/fault.ts";
import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import { parseFilter } from "./filter.ts";
import { checkGraphToken, checkProperties } from "./graph-access.ts";
import { graphHeaders } from "./graph-reply.ts";
import { NextLinks } from "./next-link.ts";
import type { Throttle } from "./throttle.ts";
import { UserPages } from "./user-page.ts";
import { parseUserQuery, readOptions, type UserQuery } from "./user-query.ts";

/** Options of {@link Graph}. */
export interface GraphOptions {
  /** The people that it lists. */
  readonly directory: Directory;
  /** Checks the tokens. */
  readonly signer: TokenSigner;
  /** This service's own origin. */
  readonly origin: () => string;
  /** Secret key of the page tokens. */
  readonly tokenSecret: string;
  /** False for a tenant like B2C: neither `$count` nor advanced queries. */
  readonly counts: boolean;
  /** Whether the tenant has the licence that sign-in activity needs. */
  readonly premium: boolean;
  /** Most bytes of page bodies to keep. */
  readonly pageCacheBytes: number;
  /** Milliseconds before each answer. */
  readonly latencyMs: () => number;
  /** `undefined` means no limits. */
  readonly throttle: Throttle | undefined;
}

const LIST_PATH = "/v1.0/users";
const COUNT_PATH = "/v1.0/users/$count";

/** Microsoft Graph, as far as listing and counting users goes (learn.microsoft.com/graph/api/user-list). */
export class Graph {
  readonly #options: GraphOptions;
  readonly #links: NextLinks;
  readonly #pages: UserPages;
  readonly #queries = new Map<string, UserQuery>();

  constructor(options: GraphOptions) {
    this.#options = options;
    this.#links = new NextLinks(options.tokenSecret);
    this.#pages = new UserPages(options.directory, this.#links, options.origin, options.pageCacheBytes);
  }

  /** Which page of a listing a request asks for; `undefined` if it does not ask for one. */
  pageOf(path: string, query: URLSearchParams): number | undefined {
    if (path !== LIST_PATH) return undefined;
    const token = query.get("$skiptoken");
    return token === null ? 1 : (this.#links.parse(token)?.page ?? 1);
  }

  /** Answers a request. */
  async answer(request: ServiceRequest): Promise<Reply> {
    const latencyMs = this.#options.latencyMs();
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal: request.signal });
    const claims = checkGraphToken(this.#options.signer, request);
    const known = request.path === LIST_PATH || request.path === COUNT_PATH;
    if (!known)
      throw new Refusal(
        404,
        "Request_ResourceNotFound",
        `Resource not found for the segment '${request.path}'.`,
      );
    if (request.method !== "GET")
      throw new Refusal(
        405,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
      );
    if (request.path === COUNT_PATH) return this.#count(request);
    const { query, slot, page } = this.#resolve(request);
    checkProperties(query.select ?? [], claims.roles ?? [], this.#options.premium && this.#options.counts);
    const headers = this.#spend(query);
    const acceptsGzip = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    const url = `${this.#options.origin()}${request.path}?${request.rawQuery}`;
    const body = await this.#pages.body({
      query,
      slot,
      page,
      url,
      gzip: acceptsGzip,
      faults: request.faults,
    });
    return {
      status: 200,
      headers: {
        ...graphHeaders(request),
        ...(acceptsGzip ? { "Content-Encoding": "gzip" } : {}),
        ...headers,
        "Content-Type":
          "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
      },
      body,
    };
  }

  #resolve(request: ServiceRequest): {
    readonly query: UserQuery;
    readonly slot: number;
    readonly page: number;
  } {
    const eventual = isEventual(request);
    const sent = readOptions(request.query);
    const token = request.query.get("$skiptoken");
    if (token === null) {
      if (!this.#options.counts && eventual && sent.count === "true") throw uncounted();
      const query = parseUserQuery(sent, eventual);
      this.#queries.set(query.key, query);
      return { query, slot: 0, page: 1 };
    }
    const position = this.#links.parse(token);
    const begun = this.#queries.get(position?.queryKey ?? "");
    if (position === undefined || begun === undefined) {
      throw new Refusal(400, "Request_BadRequest", "The specified page token value is invalid.");
    }
    for (const [name, value] of Object.entries(sent)) {
      if (Object.entries(begun.options).some(([other, original]) => other === name && original === value))
        continue;
      throw new Refusal(
        400,
        "Request_BadRequest",
        "The query options of the request do not match the page token.",
      );
    }
    // A link holds no headers: without ConsistencyLevel, a later page of an advanced query is refused like the first.
    return { query: parseUserQuery(begun.options, eventual), slot: position.slot, page: position.page };
  }

  #count(request: ServiceRequest): Reply {
    const scripted = findFault(request.faults, "count")?.value;
    if (!isEventual(request) || !this.#options.counts || scripted === "unsupported") throw uncounted();
    const { filter: text, ...others } = readOptions(request.query);
    const unknown = Object.keys(others)[0];
    if (unknown !== undefined)
      throw new Refusal(400, "Request_UnsupportedQuery", `'$${unknown}' is not supported by the service.`);
    const filter = text === undefined ? undefined : parseFilter(text, true);
    const warnings = this.#options.throttle?.spend(1) ?? {};
    return {
      status: 200,
      headers: {
        ...graphHeaders(request),
        ...warnings,
        "x-ms-resource-unit": "1",
        "Content-Type": "text/plain",
      },
      body: String(scripted ?? this.#options.directory.count(filter)),
    };
  }

  /** A list costs 2 units, one less with `$select`, one less with `$top` below 20, never under 1 (learn.microsoft.com/graph/throttling-limits). */
  #spend(query: UserQuery): Readonly<Record<string, string>> {
    const units = Math.max(1, 2 - (query.select ? 1 : 0) - (query.top < 20 ? 1 : 0));
    const warnings = this.#options.throttle?.spend(units) ?? {};
    if (query.select?.includes("signInActivity")) this.#options.throttle?.spendSignInActivity();
    return { ...warnings, "x-ms-resource-unit": String(units) };
  }
}

function isEventual(request: SandboxRequest): boolean {
  return String(request.headers.consistencylevel ?? "").toLowerCase() === "eventual";
}

function uncounted(): Refusal {
  return new Refusal(400, "Request_BadRequest", "$count is not currently supported.");
}
