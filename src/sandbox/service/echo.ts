import type { IncomingHttpHeaders } from "node:http";
import type { Reply } from "./reply.ts";

/** How a reply repeats what was sent. */
export interface Echo {
  readonly status: number;
  /** Picks what is repeated from all that was sent, credentials included; by default everything. */
  readonly pick?: (sent: string) => string;
  /** Where a redirect leads; by default to an address that contains what is repeated. */
  readonly location?: string;
}

/** Longest header value; clients accept at most 16 kB of headers. */
const MAX_HEADER_LENGTH = 800;

/**
 * A reply in which the error's code, its text, all ids and all headers repeat what was sent: the token, the client
 * secret, the identity header. Gateways and debug pages do this.
 *
 * @param shape the kind of error document that the service sends
 */
export function echoReply(
  { headers, body }: { readonly headers: IncomingHttpHeaders; readonly body: string },
  { status, pick = (sent) => sent, location }: Echo,
  shape: "oauth" | "odata" | "xml",
): Reply {
  const sent = [headers.authorization, headers["x-identity-header"], body];
  const told = pick(sent.filter((part) => part).join(" "));
  const value = told.replaceAll(/[^\x20-\x7E]/g, "").slice(0, MAX_HEADER_LENGTH);
  return {
    status,
    headers: {
      "Content-Type": shape === "xml" ? "application/xml" : "application/json; charset=utf-8",
      "request-id": value,
      "client-request-id": value,
      "x-ms-request-id": value,
      "x-ms-error-code": value,
      "WWW-Authenticate": `Bearer authorization="${value}", authorization_uri="${value}", resource="${value}", resource_id="${value}"`,
      Location: location ?? `https://elsewhere.invalid/?${encodeURIComponent(value)}`,
      "Retry-After": value,
    },
    body: bodyOf(told, shape),
  };
}

function bodyOf(told: string, shape: "oauth" | "odata" | "xml"): string {
  if (shape === "xml") {
    const text = told.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return `<?xml version="1.0" encoding="utf-8"?><Error><Code>${text}</Code><Message>${text}</Message></Error>`;
  }
  const inner = { code: told, message: told, "request-id": told };
  if (shape === "odata") {
    return JSON.stringify({ error: { ...inner, innerError: inner, innererror: inner } });
  }
  // Entra's names, and those of the platform's identity endpoint.
  return JSON.stringify({
    error: told,
    error_description: told,
    error_codes: [told],
    suberror: told,
    correlation_id: told,
    trace_id: told,
    claims: told,
    StatusCode: told,
    Message: told,
    CorrelationId: told,
    message: told,
    correlationId: told,
  });
}
