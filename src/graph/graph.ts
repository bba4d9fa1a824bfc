import { randomUUID } from "node:crypto";
import { type AzureAnswer, answer, safeOrigin } from "../answer.ts";
import { RollcallError } from "../error.ts";
import { releaseBody } from "../http/gunzip.ts";
import {
  DamagedBodyError,
  HttpClient,
  type HttpContext,
  type HttpResponse,
  type Timeouts,
} from "../http/http-client.ts";
import { redirectError } from "../http/refused-way.ts";
import { type Attempt, describeExhausted, type RetriesExhausted, retry } from "../http/retry.ts";
import { retryAfterMs } from "../http/retry-delay.ts";
import { VERSION } from "../version.ts";
import { ConcurrencyLimiter } from "./concurrency-limiter.ts";
import { readGraphErrorCode } from "./graph-error.ts";

/** Where Graph's tokens come from. */
export interface Tokens {
  get(): Promise<string>;
  renew(refused: string): Promise<string>;
  /** Has no later run use the last one: a token keeps what it may do, whatever is granted meanwhile. */
  drop(): void;
}

/** Requests to Graph so far, for the manifest and the progress line. */
export interface GraphStats {
  /** Requests sent, retries included. */
  readonly requests: number;
  /** Requests that were sent again after a failed attempt. */
  readonly retries: number;
  /** Responses with status 429. */
  readonly throttled: number;
}

/** A request to Graph. */
export interface GraphRequest<T> {
  /** Absolute URL on the configured origin. */
  readonly url: string;
  /** What is being done, for messages: `reading page 7 of the users`. */
  readonly doing: string;
  /** Whether to send `ConsistencyLevel: eventual`, which advanced queries need on every page. */
  readonly eventual?: boolean;
  /** Ends this request early; absent: only the run's own signal does. */
  readonly signal?: AbortSignal;
  /** Awaited before a response is decompressed, to limit how many are in memory. Called for each attempt. */
  readonly admit?: () => Promise<void>;
  /**
   * Makes the result from the body of a 200. The body must not be kept: its memory is freed right after. Throw
   * {@link DamagedBodyError} if it cannot be what was asked for; the request is then repeated a few times.
   */
  readonly read: (body: Buffer) => T;
  /** Makes the error for a response that a retry cannot change; absent, or if it returns `undefined`: a general error. */
  readonly refuse?: (answer: AzureAnswer) => Error | undefined;
}

/** A response with its body decompressed. */
interface Answered extends Omit<HttpResponse, "body"> {
  readonly body: Buffer;
}

/** What a Graph client needs besides the run's context. */
export interface GraphOptions extends HttpContext {
  /** Origin of Microsoft Graph. Tokens are sent to no other. */
  readonly graphUrl: string;
  readonly tokens: Tokens;
  /** Most requests at the same time; one by default. */
  readonly concurrency?: number;
  readonly timeouts?: Timeouts;
}

/** Root of the API on an origin, without a trailing slash. */
export function apiRoot(graphUrl: string): string {
  return `${graphUrl}/v1.0`;
}

/** Sends authenticated GET requests to Graph. Transient failures are retried; others become errors with a remedy. */
export class Graph implements AsyncDisposable {
  /** How many requests may run at the same time. Callers that send several at a time must respect it. */
  readonly limiter: ConcurrencyLimiter;
  readonly #options: GraphOptions;
  readonly #client: HttpClient;
  readonly #stats = { requests: 0, retries: 0, throttled: 0 };

  constructor(options: GraphOptions) {
    this.#options = options;
    this.limiter = new ConcurrencyLimiter(options.clock, options.concurrency ?? 1);
    this.#client = new HttpClient(options.timeouts, options.proxy);
  }

  /** Root of the API, without a trailing slash. */
  get root(): string {
    return apiRoot(this.#options.graphUrl);
  }

  get stats(): GraphStats {
    return { ...this.#stats };
  }

  /**
   * Sends a request, and repeats it as {@link retry} decides. A refused token is renewed once for each request.
   *
   * @throws {RollcallError} `next-link-foreign`, `graph-token-refused`, `graph-throttled`, `graph-unavailable`,
   *   `graph-page-invalid`, `redirect-refused`, what `refuse` makes, else `graph-request-refused`
   */
  async get<T>(request: GraphRequest<T>): Promise<T> {
    const { url, doing } = request;
    if (new URL(url).origin !== this.#options.graphUrl) throw foreignLink(url, this.#options.graphUrl, doing);
    const signal = AbortSignal.any([this.#options.signal, ...(request.signal ? [request.signal] : [])]);
    let last: AzureAnswer | undefined;
    let renewed: "never" | "new" | "same" = "never";

    return retry<T>(
      { ...this.#options, signal },
      {
        attempt: async () => {
          const token = await this.#options.tokens.get();
          let answered = await this.#send(request, token, signal);
          if (answered.status === 401 && renewed === "never") {
            const other = await this.#options.tokens.renew(token);
            renewed = other === token ? "same" : "new";
            answered = await this.#send(request, other, signal);
          }
          if (answered.status === 401 || answered.status === 403) this.#options.tokens.drop();
          if (answered.status === 401) throw tokenRefused(answerIn(answered), doing, renewed === "same");
          const outcome = this.#judge(request, answered);
          if ("failed" in outcome) last = answerIn(answered);
          return outcome;
        },
        onRetry: (failed) => {
          this.#stats.retries++;
          if (failed.kind === "status" && failed.status === 503) this.#client.reconnect();
        },
        giveUp: (exhausted) => exhaustedError(exhausted, doing, last),
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  async #send(
    { url, eventual, admit }: GraphRequest<unknown>,
    token: string,
    signal: AbortSignal,
  ): Promise<Answered> {
    await this.limiter.ready(signal);
    this.#stats.requests++;
    const { clock } = this.#options;
    const sentMs = clock.elapsed();
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "user-agent": `Rollcall/${VERSION}`,
      // Both as https://learn.microsoft.com/graph/best-practices-concept and /throttling advise a background job.
      "client-request-id": randomUUID(),
      "x-ms-throttle-priority": "Low",
      ...(eventual && { consistencylevel: "eventual" }),
    };
    const response = await this.#client.send({ method: "GET", url, headers }, signal);
    const share = Number(response.headers["x-ms-throttle-limit-percentage"]);
    this.limiter.observe({
      sentMs,
      status: response.status,
      retryAfterMs: retryAfterMs(response.headers["retry-after"], clock.now()),
      limitShare: Number.isFinite(share) ? share : undefined,
    });
    await admit?.();
    return { status: response.status, headers: response.headers, body: await response.body() };
  }

  #judge<T>({ url, doing, read, refuse }: GraphRequest<T>, answered: Answered): Attempt<T> {
    if (answered.status === 200) {
      try {
        return { done: read(answered.body) };
      } catch (error) {
        if (!(error instanceof DamagedBodyError)) throw error;
        return { failed: { kind: "damaged", reason: error.message } };
      } finally {
        releaseBody(answered.body);
      }
    }
    const said = answerIn(answered);
    if (answered.status === 429) this.#stats.throttled++;
    if (
      answered.status === 429 ||
      answered.status === 408 ||
      (answered.status >= 500 && answered.status !== 501)
    ) {
      return {
        failed: { kind: "status", status: answered.status, retryAfter: answered.headers["retry-after"] },
      };
    }
    throw redirectError(answered, url, doing) ?? refuse?.(said) ?? requestRefused(said, doing);
  }
}

function answerIn({ status, headers, body }: Answered): AzureAnswer {
  return answer({ status, code: readGraphErrorCode(body), requestId: headers["request-id"] });
}

function exhaustedError(
  exhausted: RetriesExhausted,
  doing: string,
  last: AzureAnswer | undefined,
): RollcallError {
  const { failed } = exhausted;
  const problem = describeExhausted(exhausted);
  if (failed.kind === "damaged") {
    return new RollcallError("graph-page-invalid", {
      doing,
      problem,
      answer: last,
      remedy:
        "Nothing was published. The next run tries again; if it keeps failing, give Microsoft the request id.",
    });
  }
  const throttled = failed.kind === "status" && failed.status === 429;
  return new RollcallError(throttled ? "graph-throttled" : "graph-unavailable", {
    doing,
    problem,
    answer: last,
    remedy: throttled
      ? "Move ROLLCALL_SCHEDULE away from other jobs on this tenant, or raise ROLLCALL_TIME_BUDGET_MINUTES."
      : "Nothing was published. The next run tries again; check outbound access to Graph and Azure's status page.",
  });
}

/** @param isSame whether no other token was to be had, as a managed identity's platform keeps each for a day */
function tokenRefused(said: AzureAnswer, doing: string, isSame: boolean): RollcallError {
  const check =
    "Check that ROLLCALL_CLOUD and ROLLCALL_GRAPH_URL belong to the tenant's cloud; run `rollcall doctor`.";
  return new RollcallError("graph-token-refused", {
    doing,
    problem: isSame
      ? "Graph refused the managed identity's token twice, and the platform gives no other"
      : "Graph refused the token, and a new one too",
    answer: said,
    remedy: isSame
      ? `The platform keeps a token for up to 24 hours, also when the identity was made anew meanwhile. ${check}`
      : check,
  });
}

function requestRefused(said: AzureAnswer, doing: string): RollcallError {
  return new RollcallError("graph-request-refused", {
    doing,
    problem: "Graph refused the request",
    answer: said,
    remedy:
      "Nothing was published. Run `rollcall doctor`, which tries each request by itself; give Microsoft the request id.",
  });
}

function foreignLink(url: string, graphUrl: string, doing: string): RollcallError {
  return new RollcallError("next-link-foreign", {
    doing,
    problem: `the next link leads to ${safeOrigin(url)}, not to ${graphUrl}, so the token would be sent there`,
    remedy:
      "Nothing was sent there and nothing was published. If ROLLCALL_GRAPH_URL is right, report this to Microsoft.",
  });
}
