import type { Agent, Dispatcher } from "undici";
import { MINUTE, SECOND } from "../clock.ts";
import type { RunContext } from "../deadline.ts";
import { gunzipWhole } from "./gunzip.ts";
import { ProxyError, type ProxyRules, throughProxy } from "./proxy.ts";
import { proxyRefusal } from "./refused-way.ts";

/** A whole HTTP response, its body still compressed. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. If a header is repeated, its first value. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Decompresses the body to several times its size. Call this only once, because it frees the compressed bytes.
   *
   * @throws {DamagedBodyError} if the compression is broken, or the body is larger than {@link MAX_BODY_BYTES}
   */
  body(): Promise<Buffer>;
}

/** The context of a run that talks to a service. */
export interface HttpContext extends RunContext {
  /** Absent means direct connections. */
  readonly proxy?: ProxyRules | undefined;
}

/** A request that got no whole response. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  /** Node's or undici's code, such as `ECONNRESET` or `UND_ERR_BODY_TIMEOUT`; `UNKNOWN` if there was none. */
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/**
 * A body that was truncated or corrupted on its way, or is not what was asked for. The message says what is wrong, as a
 * clause about "it", and quotes nothing of the body.
 */
export class DamagedBodyError extends Error {
  override readonly name = "DamagedBodyError";
}

/** Time limits of a request, in milliseconds. */
export interface Timeouts {
  /** For connecting, TLS included. */
  readonly connectMs: number;
  /** From sending the request to the response's headers. Graph has been seen to take 35 s for a page. */
  readonly headersMs: number;
  /** Between two chunks of the body. */
  readonly bodyMs: number;
  /**
   * From sending the request to the end of the body, for responses that trickle in. Five minutes by default, a hundred
   * times what a page takes.
   */
  readonly wholeMs?: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 15 * SECOND,
  headersMs: 2 * MINUTE,
  bodyMs: 30 * SECOND,
};

const DEFAULT_WHOLE_MS = 5 * MINUTE;

/**
 * The largest body that is read, in bytes, compressed or not. A page of 999 users with everything selected is a few MB.
 */
export const MAX_BODY_BYTES = 64 * 2 ** 20;

/** A request to send. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for GET. */
  readonly body?: string;
}

/**
 * Keep-alive connections to one service. Redirects are not followed: a token must not travel to another host. undici, a third
 * of all that a run loads, is loaded with the first request.
 */
export class HttpClient implements AsyncDisposable {
  readonly #timeouts: Timeouts;
  readonly #proxy: ProxyRules | undefined;
  #agent: Promise<Agent> | undefined;

  /** @param proxy absent means direct connections */
  constructor(timeouts: Timeouts = DEFAULT_TIMEOUTS, proxy?: ProxyRules) {
    this.#timeouts = timeouts;
    this.#proxy = proxy;
  }

  /**
   * Sends one request and receives the whole response. A status such as 500 is a response, not an error.
   *
   * @throws {NetworkError} if no whole response came
   * @throws {DamagedBodyError} if the body is larger than {@link MAX_BODY_BYTES}
   * @throws {RollcallError} `proxy-refused`
   * @throws the signal's reason if it is aborted
   */
  async send({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), this.#timeouts.wholeMs ?? DEFAULT_WHOLE_MS);
    try {
      this.#agent ??= this.#connect();
      const dispatcher = await this.#agent;
      const { default: undici } = await import("undici");
      const answer = await undici.request(url, {
        dispatcher,
        method,
        headers: { "accept-encoding": "gzip", ...headers },
        body: body ?? null,
        signal: AbortSignal.any([signal, overdue.signal]),
      });
      const received = singleHeaders(answer.headers);
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return {
        status: answer.statusCode,
        headers: received,
        body: () => decompress(bytes, received["content-encoding"]),
      };
    } catch (error) {
      signal.throwIfAborted();
      if (overdue.signal.aborted) throw new NetworkError("TOO_SLOW", error);
      if (error instanceof ProxyError && error.code === "PROXY_REFUSED") {
        throw proxyRefusal(error.status, `connecting to ${new URL(url).host}`);
      }
      const code = codeOf(error);
      if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") throw tooLarge(error);
      throw new NetworkError(code, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Uses new connections from now on; requests under way keep theirs. Graph asks for a new connection after a 503
   * (https://learn.microsoft.com/graph/best-practices-concept), because it may reach another back end.
   */
  reconnect(): void {
    const before = this.#agent;
    this.#agent = undefined;
    // This waits for its last request. A failure to close an idle socket does not matter.
    before?.then((agent) => agent.close().catch(() => agent.destroy()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#agent)?.destroy();
  }

  async #connect(): Promise<Agent> {
    const { default: undici } = await import("undici");
    const { connectMs, headersMs, bodyMs } = this.#timeouts;
    const connect = undici.buildConnector({ timeout: connectMs });
    return new undici.Agent({
      connect: this.#proxy ? throughProxy(this.#proxy, connect, connectMs) : connect,
      headersTimeout: headersMs,
      bodyTimeout: bodyMs,
      maxResponseSize: MAX_BODY_BYTES,
    });
  }
}

/** Most bytes allocated because a body claims to be large. */
const MAX_CHUNK_BYTES = 8 * 2 ** 20;

async function decompress(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding !== "gzip" || bytes.length === 0) return bytes;
  try {
    const body = await gunzipWhole(bytes, MAX_CHUNK_BYTES, MAX_BODY_BYTES);
    if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
    return body;
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(error);
    throw new DamagedBodyError("the compressed body is truncated or corrupt", { cause: error });
  }
}

function tooLarge(cause: unknown): DamagedBodyError {
  return new DamagedBodyError(`it is larger than ${MAX_BODY_BYTES} bytes, the most that is read`, { cause });
}

function singleHeaders(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) single[name.toLowerCase()] = first;
  }
  return single;
}

function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === "string") return code;
  }
  return "UNKNOWN";
}
