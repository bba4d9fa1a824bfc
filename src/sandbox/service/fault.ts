import type { IncomingHttpHeaders } from "node:http";
import type { Echo } from "./echo.ts";

/** The services of the sandbox that can be scripted to fail. */
export type ServiceName = "graph" | "entra" | "vault" | "identity";

/** A request as a rule's `match` sees it. */
export interface SandboxRequest {
  /** The service that received it. */
  readonly service: ServiceName;
  /** HTTP method, upper case. */
  readonly method: string;
  /** Decoded path. */
  readonly path: string;
  /** Decoded query. */
  readonly query: URLSearchParams;
  /** Query as sent, without the question mark. */
  readonly rawQuery: string;
  /** Headers as sent, names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Directory id of the tenant whose token came along, or whose sign-in it is; `undefined` if there is none. */
  readonly tenantId: string | undefined;
  /** Number of the requested page in its listing, from 1; `undefined` if the request is not for a page of users. */
  readonly page: number | undefined;
  /** Number of the request to this service, from 1. */
  readonly nth: number;
}

/** Something that goes wrong. Faults of pages and of the count are for Graph only. */
export type Fault =
  /** Too much traffic. `retryAfter` is the header, verbatim; absent means no header. `status` is 429 by default. */
  | {
      readonly kind: "throttle";
      readonly status?: number;
      readonly retryAfter?: string;
      readonly code?: string;
    }
  /** An error document, or `body` instead, such as a gateway's HTML. */
  | {
      readonly kind: "error";
      readonly status: number;
      readonly code?: string;
      readonly message?: string;
      readonly body?: string;
    }
  /** A redirect, without `Location` if that is absent. */
  | { readonly kind: "redirect"; readonly status: number; readonly location?: string }
  /** An error that repeats what was sent, credentials included, in its body, code and headers. */
  | ({ readonly kind: "echo" } & Echo)
  /** The body is truncated to this share of its bytes. Then the connection dies, or with `framed` the reply seems whole. */
  | { readonly kind: "cutBody"; readonly atShare: number; readonly framed?: boolean }
  /** The connection dies before an answer. */
  | { readonly kind: "reset" }
  /** No headers, or half a body, and then silence until the sandbox closes. */
  | { readonly kind: "stall"; readonly phase: "headers" | "body" }
  /** An error document with status 200. */
  | { readonly kind: "errorAs200"; readonly code?: string; readonly message?: string }
  /** Status 200 and a page of HTML. */
  | { readonly kind: "notJson" }
  /** A normal answer, but late. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Runs a function first, for example to change the directory during a listing; then the answer is normal. */
  | { readonly kind: "before"; readonly run: () => void | Promise<void> }
  /** Entra or the managed identity: status 200 without a usable token. */
  | { readonly kind: "emptyToken" }
  /** Graph: 401 InvalidAuthenticationToken, whatever the token. */
  | { readonly kind: "rejectToken" }
  | PageFault
  /** Graph: the answer to `/users/$count`: a number, any text, or `unsupported`. */
  | { readonly kind: "count"; readonly value: number | string };

/** Something wrong with a page of users. */
export type PageFault =
  /** 400 Directory_ExpiredPageToken, on any page but the first. */
  | { readonly kind: "expiredPageToken" }
  /** No users, and a next link that continues where this page should have started. */
  | { readonly kind: "emptyPage" }
  /** The first users of the listing are repeated at the end of this page. */
  | { readonly kind: "duplicate"; readonly count: number }
  /** The last users of the page are silently left out. */
  | { readonly kind: "omitUsers"; readonly count: number }
  /** The filter is ignored: the page has users of the whole directory. */
  | { readonly kind: "ignoreFilter" }
  /** The page has no next link, so that the list is truncated. */
  | { readonly kind: "endEarly" }
  /** The next link leads to the same page again. */
  | { readonly kind: "repeatNextLink" }
  /** The next link leads to another origin. */
  | { readonly kind: "foreignNextLink"; readonly origin: string }
  /** The first user of the page has no id. */
  | { readonly kind: "rowWithoutId" }
  /** The body of the page is replaced by what `edit` returns. */
  | { readonly kind: "editBody"; readonly edit: (body: string) => string | Buffer };

/** When something goes wrong. */
export interface FaultRule {
  /** Which service fails. */
  readonly service: ServiceName;
  /** Which requests; all by default. Page faults apply only to pages of users, and `count` only to counts. */
  readonly match?: (request: SandboxRequest) => boolean;
  /** How many times, 1 by default; `Infinity` for always. */
  readonly times?: number;
  /** How many matching requests are let through first, 0 by default. */
  readonly after?: number;
  /** What goes wrong. */
  readonly fault: Fault;
}

/** Removes a rule, either by calling it or with `using`. */
export type RuleDisposer = (() => void) & Disposable;

const PAGE_FAULTS: ReadonlySet<Fault["kind"]> = new Set<Fault["kind"]>([
  "expiredPageToken",
  "emptyPage",
  "duplicate",
  "omitUsers",
  "ignoreFilter",
  "endEarly",
  "repeatNextLink",
  "foreignNextLink",
  "rowWithoutId",
  "editBody",
]);

/** The script of what goes wrong in a tenant. */
export class FaultScript {
  readonly #rules = new Set<{ readonly rule: FaultRule; passes: number; left: number }>();

  /**
   * Adds a rule. Rules apply in the order in which they were added, one fault for each request: a later rule waits for the
   * next request. Only `before` and `delay` combine with any fault, and page faults with each other.
   */
  add(rule: FaultRule): RuleDisposer {
    const { kind } = rule.fault;
    const graphOnly = PAGE_FAULTS.has(kind) || kind === "count" || kind === "rejectToken";
    if (graphOnly && rule.service !== "graph")
      throw new TypeError(`fault ${kind} is for graph, not ${rule.service}`);
    const entry = { rule, passes: rule.after ?? 0, left: rule.times ?? 1 };
    this.#rules.add(entry);
    const dispose = () => {
      this.#rules.delete(entry);
    };
    return Object.assign(dispose, { [Symbol.dispose]: dispose });
  }

  /** The faults for a request. Uses them up. */
  take(request: SandboxRequest): readonly Fault[] {
    const faults: Fault[] = [];
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || rule.service !== request.service || !concerns(rule.fault, request)) continue;
      if (rule.match !== undefined && !rule.match(request)) continue;
      if (entry.passes-- > 0 || faults.some((fault) => excludes(fault, rule.fault))) continue;
      entry.left--;
      faults.push(rule.fault);
    }
    return faults;
  }
}

function excludes(one: Fault, other: Fault): boolean {
  const companions: readonly Fault["kind"][] = ["before", "delay"];
  if (companions.includes(one.kind) || companions.includes(other.kind)) return false;
  return !PAGE_FAULTS.has(one.kind) || !PAGE_FAULTS.has(other.kind);
}

function concerns(fault: Fault, request: SandboxRequest): boolean {
  if (fault.kind === "expiredPageToken") return request.page !== undefined && request.page > 1;
  if (PAGE_FAULTS.has(fault.kind)) return request.page !== undefined;
  return fault.kind !== "count" || request.path === "/v1.0/users/$count";
}

/** The first fault of a kind, if any. */
export function findFault<Kind extends Fault["kind"]>(
  faults: readonly Fault[],
  kind: Kind,
): Extract<Fault, { kind: Kind }> | undefined {
  return faults.find((fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind);
}
