import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Agent, type Dispatcher, request } from "undici";
import { MINUTE, SECOND } from "../clock.ts";
import type { RunContext } from "../deadline.ts";
import { ProxyError, type ProxyRules, proxyConnector } from "./proxy.ts";
import { proxyRefusal } from "./refused-way.ts";

/** One HTTP answer that has arrived to its end, and is still compressed. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; of a repeated header the first value. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Decompresses the body, to several times its size. To be called once: the compressed bytes are given up for it.
   *
   * @throws {DamagedBodyError} when the compression is broken, or the body larger than {@link MAX_BODY_BYTES}
   */
  body(): Promise<Buffer>;
}

/** A run that talks to a service, and its way out. */
export interface HttpContext extends RunContext {
  /** Absent: connections are direct. */
  readonly proxy?: ProxyRules | undefined;
}

/** A request that brought no whole answer. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  /** Node's or undici's code, such as `ECONNRESET` or `UND_ERR_BODY_TIMEOUT`; `UNKNOWN` when there was none. */
  readonly code: string;

  constructor(code: string, cause: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/**
 * A body that was cut or spoilt on its way, or is not what was asked for. The message says what is wrong, a clause about
 * "it"; it holds nothing of the body.
 */
export class DamagedBodyError extends Error {
  override readonly name = "DamagedBodyError";
}

/** How long a connection may keep silent, in milliseconds. */
export interface Timeouts {
  /** Until connected, TLS included. */
  readonly connectMs: number;
  /** From the request sent to the answer's headers. Graph has been seen to take 35 s for a page. */
  readonly headersMs: number;
  /** Between two chunks of the body. */
  readonly bodyMs: number;
  /**
   * For the whole answer, from the request sent to the body's end: one that comes byte by byte is never silent. Five
   * minutes unless given, a hundred times what a page takes.
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
 * The largest body that is read, in bytes, compressed or not. A page of 999 users with everything selected is a few MB;
 * an answer beyond this is not one of ours.
 */
export const MAX_BODY_BYTES = 64 * 2 ** 20;

/** What to send. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for GET. */
  readonly body?: string;
}

/** Kept-alive connections for one service. Follows no redirects: a token must not travel to another host. */
export class HttpClient implements AsyncDisposable {
  readonly #timeouts: Timeouts;
  readonly #proxy: ProxyRules | undefined;
  #agent: Agent;

  /** @param proxy the way out; absent: connections are direct */
  constructor(timeouts: Timeouts = DEFAULT_TIMEOUTS, proxy?: ProxyRules) {
    this.#timeouts = timeouts;
    this.#proxy = proxy;
    this.#agent = this.#connect();
  }

  /**
   * Sends one request and receives the whole answer. A status that is not success is an answer, not an error.
   *
   * @throws {NetworkError} when no whole answer came
   * @throws {DamagedBodyError} when more than {@link MAX_BODY_BYTES} came
   * @throws {RollcallError} `proxy-refused`
   * @throws the signal's reason when it is aborted
   */
  async send({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), this.#timeouts.wholeMs ?? DEFAULT_WHOLE_MS);
    try {
      const answer = await request(url, {
        dispatcher: this.#agent,
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
   * Leaves the present connections to the requests that use them and opens new ones from now on. Graph asks for a new
   * connection after a 503 (https://learn.microsoft.com/graph/best-practices-concept): it may reach another back end.
   */
  reconnect(): void {
    const former = this.#agent;
    this.#agent = this.#connect();
    // Ends once its last request has; a failure to close an idle socket concerns nobody.
    former.close().catch(() => former.destroy());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  #connect(): Agent {
    const { connectMs, headersMs, bodyMs } = this.#timeouts;
    return new Agent({
      connect: this.#proxy ? proxyConnector(this.#proxy, connectMs) : { timeout: connectMs },
      headersTimeout: headersMs,
      bodyTimeout: bodyMs,
      maxResponseSize: MAX_BODY_BYTES,
    });
  }
}

/** In steps, so that the memory of one page fits the next: odd sizes leave holes in the process's memory. */
const CHUNK_STEP_BYTES = 2 ** 19;
/** A size that is not to be believed costs no more than this. */
const MAX_CHUNK_BYTES = 8 * 2 ** 20;

/**
 * Gives the memory of a large body back at once; it is empty after that. Left to the collector, tens of megabytes of
 * bodies that nobody reads any more are around at any time, and collecting them took a sixth of the main thread.
 */
export function releaseBody(body: Buffer): void {
  const { buffer } = body;
  // A smaller one may be part of the memory that Node shares among buffers.
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= CHUNK_STEP_BYTES) buffer.transfer(0);
}

const gunzipAsync = promisify(gunzip);

async function decompress(bytes: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding !== "gzip" || bytes.length === 0) return bytes;
  try {
    // Gzip ends with the size of what it holds: one piece of memory of that size, rather than many that are joined.
    const size = bytes.length < 4 ? 0 : bytes.readUInt32LE(bytes.length - 4);
    const chunkSize = Math.min(Math.ceil((size + 1) / CHUNK_STEP_BYTES) * CHUNK_STEP_BYTES, MAX_CHUNK_BYTES);
    const body = await gunzipAsync(bytes, { chunkSize, maxOutputLength: MAX_BODY_BYTES });
    if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
    return body;
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(error);
    throw new DamagedBodyError("the compressed body is cut or spoilt", { cause: error });
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
