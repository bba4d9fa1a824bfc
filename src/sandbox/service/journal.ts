import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { SandboxRequest, ServiceName } from "./fault.ts";

/** A request that a service of the sandbox received. */
export interface RecordedRequest {
  /** The service that received it. */
  readonly service: ServiceName;
  /** HTTP method, upper case. */
  readonly method: string;
  /** Decoded path. */
  readonly path: string;
  /** Query as sent, without the question mark. */
  readonly query: string;
  /** Directory id of the tenant that it was about, see `SandboxRequest`. */
  readonly tenantId: string | undefined;
  /** Status of the reply; 0 until there is one, and for ever if the connection died first. */
  readonly status: number;
  /** Request headers, names in lower case, without `authorization`. */
  readonly headers: IncomingHttpHeaders;
  /** Scheme of the `authorization` header, such as `Bearer`; `undefined` if there was none. */
  readonly authorizationScheme: string | undefined;
  /** When it arrived, in epoch milliseconds. */
  readonly at: number;
}

/** All requests that the services of a tenant received, in order of arrival. Holds only hashes of tokens. */
export class Journal {
  readonly #requests: { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] }[] = [];
  readonly #tokens = new Map<ServiceName, Set<string>>();
  readonly #received = new Map<ServiceName, number>();

  /** All requests so far. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** SHA-256 (hex) of every bearer token that a service received. */
  tokensSeenBy(service: ServiceName): ReadonlySet<string> {
    return this.#tokens.get(service) ?? new Set();
  }

  /** The number of the next request to a service, from 1. */
  next(service: ServiceName): number {
    const nth = (this.#received.get(service) ?? 0) + 1;
    this.#received.set(service, nth);
    return nth;
  }

  /** Records a request. Returns a function that sets the status. */
  record(request: SandboxRequest): (status: number) => void {
    const { authorization, ...headers } = request.headers;
    const { service, method, path, rawQuery: query, tenantId } = request;
    const [scheme, token] = authorization?.split(" ") ?? [];
    const entry = {
      service,
      method,
      path,
      query,
      tenantId,
      status: 0,
      headers,
      authorizationScheme: scheme,
      at: Date.now(),
    };
    this.#requests.push(entry);
    if (token !== undefined) {
      const seen = this.#tokens.get(service) ?? new Set();
      this.#tokens.set(service, seen.add(hashToken(token)));
    }
    return (status) => {
      entry.status = status;
    };
  }
}

/** The hash under which a token is recorded: SHA-256 in hex. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
