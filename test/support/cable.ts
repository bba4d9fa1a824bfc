import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a service on this machine that can be cut. */
export interface Cable extends AsyncDisposable {
  /** The service's address by this way. */
  readonly url: string;
  /** Connections end at once, and new ones with them, until `plug`. */
  cut(): void;
  /** Connections go through, as in the beginning. */
  plug(): void;
  /** Connections stay, and nothing goes through them any more; new ones do go through. */
  hush(): void;
}

/** Lays a cable to a service, path included: plain bytes, so TLS stays between the two ends. */
export async function layCable(url: string): Promise<Cable> {
  const { hostname, port, pathname } = new URL(url);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    cut: () => {
      isCut = true;
      cutAll();
    },
    plug: () => {
      isCut = false;
    },
    hush: () => {
      for (const socket of sockets) socket.unpipe();
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      cutAll();
      await once(server, "close");
    },
  };
}
