import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { echoReply } from "./echo.ts";
import { type Fault, type FaultScript, findFault, type SandboxRequest, type ServiceName } from "./fault.ts";
import type { Journal } from "./journal.ts";
import { Refusal } from "./refusal.ts";
import type { Reply } from "./reply.ts";
import type { SandboxTls } from "./tls.ts";

/** A request, with what only the service itself sees. */
export interface ServiceRequest extends SandboxRequest {
  /** The body; empty for a GET. */
  readonly body: string;
  /** Scripted faults that the service itself must carry out. */
  readonly faults: readonly Fault[];
  /** Aborted when the service closes. */
  readonly signal: AbortSignal;
}

/** Defines a service. */
export interface ServiceDefinition {
  /** Its name in faults and in the journal. */
  readonly name: ServiceName;
  /** Plain HTTP when absent. */
  readonly tls: SandboxTls | undefined;
  /** 0 for any free port. */
  readonly port: number;
  /** Answers a request, or throws a {@link Refusal}. */
  readonly answer: (request: ServiceRequest) => Promise<Reply>;
  /** Turns a refusal into the service's error document. */
  readonly refuse: (refusal: Refusal, request: SandboxRequest) => Reply;
  /** Which page of its listing a request asks for; absent for a service without pages. */
  readonly pageOf?: (
    path: string,
    query: URLSearchParams,
    tenantId: string | undefined,
  ) => number | undefined;
  /** Which tenant a request is about; absent for a service that serves one only. */
  readonly tenantOf?: (path: string, authorization: string | undefined) => string | undefined;
}

/** A service that listens on the loopback interface. */
export interface Service extends AsyncDisposable {
  /** Scheme, host and port, without a trailing slash. */
  readonly origin: string;
}

const MAX_BODY_BYTES = 64 * 1024;

/** Starts a service; disposing it ends every connection at once, stalled ones too. */
export async function startService(
  definition: ServiceDefinition,
  script: FaultScript,
  journal: Journal,
): Promise<Service> {
  const closing = new AbortController();
  const listener = (message: IncomingMessage, response: ServerResponse) => {
    serve(message, response).catch(() => response.destroy());
  };
  const { tls } = definition;
  const server: Server = tls
    ? createTlsServer({ cert: tls.certificate, key: tls.key }, listener)
    : createServer(listener);
  // Graph keeps connections for minutes. With Node's five seconds, clients would run into closed ones.
  server.keepAliveTimeout = 120_000;

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", "http://sandbox.invalid");
    const path = decodePath(url.pathname);
    const tenantId = definition.tenantOf?.(path, message.headers.authorization);
    const request: SandboxRequest = {
      service: definition.name,
      method: message.method ?? "GET",
      path,
      query: url.searchParams,
      rawQuery: url.search.slice(1),
      headers: message.headers,
      tenantId,
      page: definition.pageOf?.(path, url.searchParams, tenantId),
      nth: journal.next(definition.name),
    };
    const setStatus = journal.record(request);
    const body = await readBody(message);
    const faults = script.take(request);
    if (findFault(faults, "reset")) {
      response.destroy();
      return;
    }
    const stall = findFault(faults, "stall");
    if (stall?.phase === "headers") return;
    const reply = await answer({ ...request, body, faults, signal: closing.signal });
    if (closing.signal.aborted) return;
    setStatus(reply.status);
    await send(response, reply, faults);
  }

  async function answer(request: ServiceRequest): Promise<Reply> {
    try {
      for (const fault of request.faults) {
        if (fault.kind === "before") await fault.run();
        if (fault.kind === "delay") await sleep(fault.ms, undefined, { signal: request.signal });
      }
      return scriptedReply(request, definition.refuse) ?? (await definition.answer(request));
    } catch (error) {
      if (error instanceof Refusal) return definition.refuse(error, request);
      // A bug in the sandbox or in a test's hook: tell the caller, rather than just close the connection.
      return definition.refuse(new Refusal(500, "SandboxError", String(error)), request);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(definition.port, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The reply for a fault that any service can have. */
function scriptedReply(request: ServiceRequest, refuse: ServiceDefinition["refuse"]): Reply | undefined {
  const throttle = findFault(request.faults, "throttle");
  if (throttle) {
    const headers = throttle.retryAfter === undefined ? {} : { "Retry-After": throttle.retryAfter };
    const status = throttle.status ?? 429;
    const code = throttle.code ?? (status === 429 ? "TooManyRequests" : "UnknownError");
    return refuse(new Refusal(status, code, "Please retry again later.", { headers }), request);
  }
  const error = findFault(request.faults, "error");
  if (error?.body !== undefined) return html(error.status, error.body);
  if (error)
    return refuse(new Refusal(error.status, error.code ?? "UnknownError", error.message ?? ""), request);
  const redirect = findFault(request.faults, "redirect");
  if (redirect) {
    const { status, location } = redirect;
    return { status, headers: location === undefined ? {} : { Location: location }, body: "" };
  }
  const echo = findFault(request.faults, "echo");
  if (echo)
    return echoReply(
      request,
      echo,
      request.service === "entra" || request.service === "identity" ? "oauth" : "odata",
    );
  if (findFault(request.faults, "notJson"))
    return html(200, "<!DOCTYPE html><title>Sign in</title><p>Welcome to the proxy.");
  const disguised = findFault(request.faults, "errorAs200");
  if (disguised) {
    const refusal = new Refusal(
      500,
      disguised.code ?? "UnknownError",
      disguised.message ?? "An error occurred.",
    );
    return { ...refuse(refusal, request), status: 200 };
  }
  return undefined;
}

function html(status: number, body: string): Reply {
  return { status, headers: { "Content-Type": "text/html; charset=utf-8" }, body };
}

async function send(response: ServerResponse, reply: Reply, faults: readonly Fault[]): Promise<void> {
  const bytes = Buffer.from(reply.body);
  const cut = findFault(faults, "cutBody");
  const stalls = findFault(faults, "stall") !== undefined;
  response.writeHead(reply.status, { ...reply.headers, "Transfer-Encoding": "chunked" });
  if (cut === undefined && !stalls) {
    response.end(bytes);
    return;
  }
  // At least one byte: otherwise nothing would be sent before the connection ends, not even the headers.
  const part = bytes.subarray(0, Math.max(1, Math.floor(bytes.length * (cut?.atShare ?? 0.5))));
  if (cut?.framed === true) {
    response.end(part);
    return;
  }
  await new Promise((resolve) => response.write(part, resolve));
  if (!stalls) response.destroy();
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // No service knows a path that cannot be decoded, so it gets a 404.
    return path;
  }
}

async function readBody(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new RangeError("request body too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
