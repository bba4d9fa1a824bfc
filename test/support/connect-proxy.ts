import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** What a proxy does with a CONNECT, by what it is to connect to (`host:port`). */
export type ProxyBehaviour = (
  authority: string,
) => /** Opens the tunnel; with `to` it leads to another port of this machine. */
  | { readonly kind: "open"; readonly to?: number }
  /** Refuses with a status. */
  | { readonly kind: "refuse"; readonly status: number }
  /** Ends the connection: before its answer, or after as many bytes of the tunnel's answers. */
  | { readonly kind: "cut"; readonly afterBytes?: number }
  /** Says nothing. */
  | { readonly kind: "silent" };

/** An HTTP proxy on this machine that opens tunnels and nothing else, until disposed. */
export interface ConnectProxy extends AsyncDisposable {
  /** For `HTTPS_PROXY`. */
  readonly url: string;
  /** What it was asked to connect to, in order. */
  readonly authorities: readonly string[];
  /** The `proxy-authorization` headers that came. */
  readonly logins: readonly (string | undefined)[];
  /** Requests that were no CONNECT: somebody trusted it with plain text. */
  readonly plain: readonly string[];
  /** All that clients sent through tunnels. */
  sent(): Buffer;
}

/** Starts a proxy; it opens every tunnel unless told otherwise. */
export async function startConnectProxy(
  behaviour: ProxyBehaviour = () => ({ kind: "open" }),
): Promise<ConnectProxy> {
  const authorities: string[] = [];
  const logins: (string | undefined)[] = [];
  const plain: string[] = [];
  const sent: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    plain.push(`${request.method} ${request.url}`);
    response.writeHead(400).end();
  });
  server.on("connection", (socket) => sockets.add(socket));
  server.on("connect", ({ url: authority = "", headers }, near: Socket) => {
    near.on("error", () => near.destroy());
    authorities.push(authority);
    logins.push(headers["proxy-authorization"]);
    const deed = behaviour(authority);
    if (deed.kind === "silent") return;
    if (deed.kind === "refuse")
      return void near.end(`HTTP/1.1 ${deed.status} No\r\nContent-Length: 0\r\n\r\n`);
    if (deed.kind === "cut" && deed.afterBytes === undefined) return void near.destroy();
    const { hostname, port } = new URL(`https://${authority}`);
    const to = deed.kind === "open" ? deed.to : undefined;
    const far = connect(to ?? Number(port || 443), to === undefined ? hostname : "127.0.0.1", () =>
      near.write("HTTP/1.1 200 Connection established\r\n\r\n"),
    );
    sockets.add(far);
    far.on("error", () => near.destroy());
    far.on("close", () => near.destroy());
    near.on("close", () => far.destroy());
    near.on("data", (bytes) => sent.push(bytes));
    near.pipe(far);
    let left = deed.kind === "cut" ? (deed.afterBytes ?? 0) : Number.POSITIVE_INFINITY;
    far.on("data", (bytes) => {
      near.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left <= 0) near.destroySoon();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorities,
    logins,
    plain,
    sent: () => Buffer.concat(sent),
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}
