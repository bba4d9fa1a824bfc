import { randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A tenant's registration with the process's identity endpoint, until disposed. */
export interface PlatformRegistration extends Disposable {
  /** Scheme, host and port of the endpoint, without a trailing slash. */
  readonly origin: string;
}

/** `IDENTITY_HEADER` of this process. */
export const PLATFORM_HEADER = randomBytes(16).toString("hex");

interface Target {
  readonly port: number;
  readonly clientId: string;
}

const targets: Target[] = [];
let endpointPort: Promise<number> | undefined;

/**
 * Puts a tenant's identity service behind an endpoint that stays the same for the life of the process, as a platform's
 * does. MSAL keeps the first endpoint and header that it sees, so it would never ask a second tenant with others. The
 * client id in a request decides which tenant answers, and keeps MSAL's tokens apart. Without one, the tenant that joined
 * last answers.
 *
 * @param port where the tenant's own identity service listens
 * @param clientId of the tenant's managed identity
 */
export async function joinPlatform(port: number, clientId: string): Promise<PlatformRegistration> {
  endpointPort ??= startEndpoint();
  const origin = `http://127.0.0.1:${await endpointPort}`;
  const target = { port, clientId };
  targets.push(target);
  return {
    origin,
    [Symbol.dispose]() {
      targets.splice(targets.indexOf(target), 1);
    },
  };
}

async function startEndpoint(): Promise<number> {
  const server = createServer((caller) => {
    caller.once("error", () => caller.destroy());
    caller.once("data", (head) => {
      const clientId = /[?&]client_id=([^& ]+)/.exec(head.toString("latin1"))?.[1];
      const target = targets.find((candidate) => candidate.clientId === clientId) ?? targets.at(-1);
      if (target === undefined) caller.destroy();
      else relay(caller, head, connect(target.port, "127.0.0.1"));
    });
  });
  // Nothing closes it, so it must not keep the process alive.
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

function relay(caller: Socket, head: Buffer, service: Socket): void {
  service.write(head);
  caller.pipe(service).pipe(caller);
  caller.once("close", () => service.destroy());
  service.once("close", () => caller.destroy()).once("error", () => caller.destroy());
}
