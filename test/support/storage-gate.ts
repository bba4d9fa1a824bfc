import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type Echo, echoReply } from "../../src/sandbox/service/echo.ts";
import type { SandboxTls } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";

/** Something that happens at one write. */
export interface Strike {
  /** Which write, from 1. */
  readonly write: number;
  /** Before the storage has it, or after the storage has answered. */
  readonly moment: "before" | "after";
  /** Whether each later write of the same name is struck, too. */
  readonly lasts?: boolean;
  /** The status that the client hears. Absent: nothing, its connection is dropped. */
  readonly status?: number;
  /** The error code beside it; absent: the usual one. */
  readonly code?: string;
  /** What happens; the write waits for it. */
  readonly run?: () => Promise<void>;
}

/** A storage as seen through a gate. */
export interface StorageGate extends AsyncDisposable {
  /** Address of the blob service behind it, account included. */
  readonly url: string;
  /** The writes so far: `PUT latest.json`, `PUT run.lock comp=lease acquire`. */
  readonly writes: readonly string[];
  /** All requests so far, in the same words: `GET comp=list`. */
  readonly requests: readonly string[];
}

/** What the service calls a refusal. */
const ERROR_CODES: Readonly<Record<number, string>> = {
  403: "AuthorizationPermissionMismatch",
  404: "ContainerNotFound",
  409: "BlobAlreadyExists",
  412: "ConditionNotMet",
  500: "InternalError",
  503: "ServerBusy",
};

/** Connection headers are each side's own. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding"]);

/**
 * Puts a gate before a storage: an HTTPS reverse proxy that sees each request and can strike at a write.
 *
 * @param echo asked for each request by its name; the storage never sees one whose answer is to be an echo
 */
export async function startStorageGate(
  storage: Storage,
  tls: SandboxTls,
  strike?: Strike,
  echo?: (name: string) => Echo | undefined,
): Promise<StorageGate> {
  const writes: string[] = [];
  const requests: string[] = [];
  let struck: string | undefined;
  const agent = new Agent({ keepAlive: true, ca: tls.authority });
  const server = createServer({ cert: tls.certificate, key: tls.key }, (incoming, response) => {
    pass(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}${new URL(storage.url).pathname}`,
    writes,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, "close");
    },
  };

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const moment = isStruck(incoming) ? strike?.moment : undefined;
    const echoed = echo?.(nameOf(incoming));
    if (echoed) {
      const { headers } = incoming;
      const reply = echoReply({ headers, body: body.toString() }, echoed, "xml");
      return void response.writeHead(reply.status, reply.headers).end(reply.body);
    }
    if (moment === "before") return strikeBack(response);
    const answer = await forward(incoming, body);
    const answerBody = await buffer(answer);
    if (moment === "after") return strikeBack(response);
    response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer)).end(answerBody);
  }

  async function strikeBack(response: ServerResponse): Promise<void> {
    await strike?.run?.();
    if (strike?.status === undefined) return void response.destroy();
    const code = strike.code ?? ERROR_CODES[strike.status] ?? "Refused";
    response
      .writeHead(strike.status, { "content-type": "application/xml", "x-ms-error-code": code })
      .end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
  }

  function isStruck(incoming: IncomingMessage): boolean {
    const name = nameOf(incoming);
    requests.push(name);
    if (incoming.method === "GET" || incoming.method === "HEAD") return false;
    writes.push(name);
    if (writes.length === strike?.write) struck = name;
    return writes.length === strike?.write || (strike?.lasts === true && name === struck);
  }

  async function forward(incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const onward = request(new URL(incoming.url ?? "/", storage.url), {
      method: incoming.method,
      headers: withoutHopByHop(incoming),
      agent,
    });
    onward.end(body);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    return answer;
  }
}

function nameOf({ method, url = "/", headers }: IncomingMessage): string {
  const { pathname, searchParams } = new URL(url, "https://storage.invalid");
  const action = headers["x-ms-lease-action"];
  return [
    method,
    pathname.slice(pathname.lastIndexOf("/") + 1),
    ...(searchParams.has("comp") ? [`comp=${searchParams.get("comp")}`] : []),
    ...(action === undefined ? [] : [action]),
  ].join(" ");
}

function withoutHopByHop({ headers }: IncomingMessage): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}
