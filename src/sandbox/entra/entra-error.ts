import { randomUUID } from "node:crypto";
import type { SandboxRequest } from "../service/fault.ts";
import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";

/** A refusal by Entra: an OAuth error with an AADSTS number, which gives the exact reason. */
export function entraRefusal(status: number, error: string, number: number, message: string): Refusal {
  return new Refusal(status, error, message, { detail: String(number) });
}

/** The error document of the token endpoint (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
export function entraErrorReply(refusal: Refusal, request: SandboxRequest): Reply {
  const number = Number(refusal.detail ?? defaultNumber(refusal.status));
  const traceId = randomUUID();
  const correlationId = request.query.get("client-request-id") ?? randomUUID();
  const timestamp = `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
  const trailer = `Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
  return {
    status: refusal.status,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...refusal.headers,
    },
    body: JSON.stringify({
      error: refusal.code,
      error_description: `AADSTS${number}: ${refusal.message} ${trailer}`,
      error_codes: [number],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${number}`,
    }),
  };
}

/** The number for faults that a test scripts without one: tenant throttled, or a transient error. */
function defaultNumber(status: number): number {
  return status === 429 ? 90055 : 90033;
}
