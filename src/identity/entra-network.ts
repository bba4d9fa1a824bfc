import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from "@azure/msal-node";
import { answer, safeOrigin } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { HttpClient, type HttpContext, type HttpResponse, type Timeouts } from "../http/http-client.ts";
import { parseJson } from "../http/json.ts";
import { redirectError } from "../http/refused-way.ts";
import { type Attempt, describeExhausted, type RetriesExhausted, retry } from "../http/retry.ts";
import { tenantNotFound } from "./tenant-id.ts";

/** Whom MSAL's requests may reach, and what errors say of them. */
export interface EntraTarget {
  /** The only origin that anything is sent to. */
  readonly authorityHost: string;
  /** As configured. */
  readonly tenant: string;
  /** What the requests are for. */
  readonly doing: string;
}

/** What a network to Entra needs of its run. */
export interface EntraContext extends HttpContext {
  /** How long a connection may keep silent. */
  readonly timeouts?: Timeouts;
}

type Method = "GET" | "POST";

/**
 * MSAL's requests through our own connections: they end when the run does, silence is bounded, passing faults are tried
 * again (MSAL itself never does, and after a 429 refuses further calls without asking).
 */
export class EntraNetwork implements INetworkModule, AsyncDisposable {
  readonly #target: EntraTarget;
  readonly #context: EntraContext;
  readonly #client: HttpClient;
  /** Why the last request failed, while MSAL makes an error of its own of it. */
  #failure: unknown;

  constructor(target: EntraTarget, context: EntraContext) {
    this.#target = target;
    this.#context = context;
    this.#client = new HttpClient(context.timeouts, context.proxy);
  }

  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.#send<T>("GET", url, options);
  }

  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>> {
    return this.#send<T>("POST", url, options);
  }

  /**
   * Lets MSAL work, one call at a time, and throws the error of a failed request as it was.
   *
   * MSAL drops it, with no `cause` (msal-common 16.16.1): for metadata any error means that there is none
   * (`Authority.getEndpointMetadataFromNetwork`), and for a token it becomes a `network_error` without a word of why
   * (`Token.sendPostRequest`).
   */
  async unwrap<T>(work: () => Promise<T>): Promise<T> {
    this.#failure = undefined;
    try {
      return await work();
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #send<T>(method: Method, url: string, options: NetworkRequestOptions = {}) {
    try {
      const { authorityHost, doing } = this.#target;
      // The metadata of an authority names its token endpoint: the credential must not follow it elsewhere.
      if (new URL(url).origin !== authorityHost) throw foreignEndpoint(doing, url);
      return await retry(this.#context, {
        attempt: () => this.#attempt<T>(method, url, options),
        giveUp: (exhausted) => unavailable(doing, exhausted),
      });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #attempt<T>(
    method: Method,
    url: string,
    { headers = {}, body }: NetworkRequestOptions,
  ): Promise<Attempt<NetworkResponse<T>>> {
    const { tenant, doing } = this.#target;
    const request = { method, url, headers, ...(body !== undefined && { body }) };
    const response = await this.#client.send(request, this.#context.signal);
    const { status } = response;
    // MSAL gets one thing only, the tenant's OpenID configuration, and tells nothing of why it was refused.
    if (method === "GET" && status === 400) throw tenantNotFound(tenant, doing, status);
    const redirect = redirectError(response, url, doing);
    if (redirect) throw redirect;
    const json = parseJson(await response.body());
    if (isPassing(response, json)) {
      const passing = status < 500 && status !== 429 ? 503 : status;
      return { failed: { kind: "status", status: passing, retryAfter: response.headers["retry-after"] } };
    }
    if (json === undefined) return { failed: { kind: "damaged", reason: `${status} without JSON` } };
    // MSAL reads a refusal as OAuth words it; any other it takes for a token, or for an authority that is none.
    if (status !== 200 && (method === "GET" || errorIn(json) === undefined))
      throw unusableStatus(doing, status);
    return { done: { status, headers: { ...response.headers }, body: json as T } };
  }
}

function isPassing({ status }: HttpResponse, json: unknown): boolean {
  return status === 429 || status >= 500 || errorIn(json) === "temporarily_unavailable";
}

/** OAuth's `error`; `undefined` where there is none. */
function errorIn(json: unknown): string | undefined {
  const { error } = (json ?? {}) as { readonly error?: unknown };
  return typeof error === "string" ? error : undefined;
}

function unavailable(doing: string, exhausted: RetriesExhausted): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: describeExhausted(exhausted),
    remedy: "Check outbound access to the authority host and Azure's status page; the next run tries again.",
  });
}

function unusableStatus(doing: string, status: number): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: "the authority's answer is none of a sign-in service",
    answer: answer({ status }),
    remedy: "Check ROLLCALL_AUTHORITY_HOST, and for a proxy in between that wants a sign-in of its own.",
  });
}

function foreignEndpoint(doing: string, url: string): RollcallError {
  return new RollcallError("token-unavailable", {
    doing,
    problem: `the authority names an endpoint on another host, ${safeOrigin(url)}; nothing was sent there`,
    remedy: "Check ROLLCALL_AUTHORITY_HOST.",
  });
}
