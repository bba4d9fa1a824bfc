import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { hashToken } from "./journal.ts";
import { type SandboxTls, sandboxTls } from "./tls.ts";

/** An origin that must not receive any token. */
export interface ForeignOrigin extends AsyncDisposable {
  /** Scheme, host and port, for a next link that leads here. */
  readonly origin: string;
  /** Number of requests received. */
  readonly requests: number;
  /** SHA-256 (hex) of every token, or other `authorization` value, that it received. */
  readonly tokensSeen: ReadonlySet<string>;
}

/** Starts a foreign origin over HTTPS. It answers every request with an empty, final page of users. */
export async function startForeignOrigin(tls?: SandboxTls): Promise<ForeignOrigin> {
  const { certificate: cert, key } = tls ?? (await sandboxTls());
  const tokensSeen = new Set<string>();
  let requests = 0;
  const server = createServer({ cert, key }, (request, response) => {
    requests++;
    const { authorization } = request.headers;
    if (authorization !== undefined) tokensSeen.add(hashToken(authorization.replace(/^Bearer +/i, "")));
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ value: [] }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    tokensSeen,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
