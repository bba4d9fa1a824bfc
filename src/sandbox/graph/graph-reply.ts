import { randomUUID } from "node:crypto";
import type { SandboxRequest } from "../service/fault.ts";
import type { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";

/** Graph's error document. That of a 429 has another shape (learn.microsoft.com/graph/throttling). */
export function graphErrorReply(refusal: Refusal, request: SandboxRequest): Reply {
  const headers = graphHeaders(request);
  const { code, message, status } = refusal;
  const date = new Date().toISOString().slice(0, 19);
  const ids = { "request-id": headers["request-id"], "client-request-id": headers["client-request-id"] };
  const error =
    code === "TooManyRequests"
      ? {
          code,
          innerError: {
            code: String(status),
            date,
            message: "Please retry after",
            ...ids,
            status: String(status),
          },
          message,
        }
      : { code, message, innerError: { date, ...ids } };
  return {
    status,
    headers: { ...headers, "Content-Type": "application/json", ...refusal.headers },
    body: JSON.stringify({ error }),
  };
}

/** The headers of all of Graph's replies. */
export function graphHeaders(request: SandboxRequest): Record<string, string> {
  const requestId = randomUUID();
  const echoed = request.headers["client-request-id"];
  const server = { DataCenter: "Sandbox", Slice: "E", Ring: "1", ScaleUnit: "000", RoleInstance: "LOOPBACK" };
  return {
    "Cache-Control": "no-cache",
    Vary: "Accept-Encoding",
    "Strict-Transport-Security": "max-age=31536000",
    "OData-Version": "4.0",
    "request-id": requestId,
    "client-request-id": typeof echoed === "string" ? echoed : requestId,
    "x-ms-ags-diagnostic": JSON.stringify({ ServerInfo: server }),
  };
}
