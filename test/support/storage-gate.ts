import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { SandboxTls } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";

/** Something that happens at one write. */
export interface Strike {
  /** Which write, from 1. */
  readonly write: number;
  /** Before the storage has it, or after the storage has answered; the client hears of neither. */
  readonly moment: "before" | "after";
  /** What happens; the write waits for it and is then dropped. */
  readonly run: () => Promise<void>;
}

/** A storage as seen through a gate. */
export interface StorageGate extends AsyncDisposable {
  /** Address of the blob service behind it, account included. */
  readonly url: string;
  /** The writes so far: `PUT latest.json`, `PUT run.lock comp=lease acquire`. */
  readonly writes: readonly string[];
}

/** Connection headers are each side's own. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** Puts a gate before a storage: an HTTPS reverse proxy that sees each request and can strike at a write. */
export async function startStorageGate(
  storage: Storage,
  tls: SandboxTls,
  strike?: Strike,
): Promise<StorageGate> {
  const writes: string[] = [];
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
    if (moment === "before") await strike?.run();
    if (moment === "before") return void response.destroy();
    const answer = await forward(incoming, body);
    const answerBody = await buffer(answer);
    if (moment === "after") await strike?.run();
    if (moment === "after") return void response.destroy();
    response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer)).end(answerBody);
  }

  function isStruck(incoming: IncomingMessage): boolean {
    if (incoming.method === "GET" || incoming.method === "HEAD") return false;
    writes.push(nameOf(incoming));
    return writes.length === strike?.write;
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
