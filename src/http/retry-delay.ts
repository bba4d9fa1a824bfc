import { MINUTE, SECOND } from "../clock.ts";

/** An attempt at a request that got no usable response. */
export type FailedAttempt =
  /** A response with an error status. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string | undefined }
  /** No whole response: reset, refused, timed out. `code` is Node's or undici's. */
  | { readonly kind: "network"; readonly code: string }
  /** A response with status 200 that cannot be what was asked for: truncated gzip, broken JSON, an error document. */
  | { readonly kind: "damaged"; readonly reason: string };

/** Attempts at one request before it counts as failed. With the delays below, about four minutes of waiting. */
export const MAX_ATTEMPTS = 10;
/** A body that is damaged this often is probably what the service means to send. */
const MAX_DAMAGED_ATTEMPTS = 4;
const FIRST_DELAY_MS = SECOND;
const MAX_DELAY_MS = MINUTE;

/** The shortest wait, even if a server says "at once": a request that is refused repeatedly must not spin. */
const MIN_DELAY_MS = 100;
/** The only form that servers may send (RFC 9110, 5.6.7). `Date.parse` alone would accept almost anything as a date. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

const TRANSIENT_STATUS = new Set([408, 500, 502, 503, 504, 509]);
const TRANSIENT_NETWORK = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "TIMEOUT",
  "TOO_SLOW",
  "PROXY_UNREACHABLE",
  "PROXY_UNAVAILABLE",
]);

/**
 * Decides whether to try again, and after how long.
 *
 * A time given by the server takes precedence over our own back-off. A throttled request (429) is retried until the run's
 * time is up: attempts made too early count against the limit, waiting does not
 * (https://learn.microsoft.com/graph/throttling). Other failures are retried only if they are known to be transient.
 *
 * @param failedAttempt what happened
 * @param attempts attempts made so far, counting from 1
 * @param nowMs milliseconds since the epoch, for a Retry-After that is a date
 * @param random from 0 to 1, spreads our own back-off over its upper half
 * @returns milliseconds to wait, or `undefined` to give up
 */
export function retryDelayMs(
  failedAttempt: FailedAttempt,
  attempts: number,
  nowMs: number,
  random: number,
): number | undefined {
  const backOffMs = Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS) * (0.5 + random / 2);
  switch (failedAttempt.kind) {
    case "network":
      return TRANSIENT_NETWORK.has(failedAttempt.code) && attempts < MAX_ATTEMPTS ? backOffMs : undefined;
    case "damaged":
      return attempts < MAX_DAMAGED_ATTEMPTS ? backOffMs : undefined;
    case "status": {
      const throttled = failedAttempt.status === 429;
      if (!throttled && !(TRANSIENT_STATUS.has(failedAttempt.status) && attempts < MAX_ATTEMPTS))
        return undefined;
      return Math.max(retryAfterMs(failedAttempt.retryAfter, nowMs) ?? backOffMs, MIN_DELAY_MS);
    }
  }
}

/**
 * Reads a Retry-After header: integer seconds, fractional seconds (Graph's own example is `2.128`) or an HTTP date.
 *
 * @returns milliseconds from now, never negative; `undefined` if the header is missing or unreadable
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const value = header?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value) * SECOND);
  if (!HTTP_DATE.test(value)) return undefined;
  const dateMs = Date.parse(value);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
