import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import type { buildConnector } from "undici";

/** The proxy that the environment names. Neither `JSON.stringify` nor a debugger shows its user name and password. */
export class ProxyRules {
  /** Hosts that are connected to directly. An entry with a leading dot is a domain with its subdomains. */
  readonly direct: readonly string[];
  readonly #url: URL;

  constructor(url: URL, direct: readonly string[]) {
    this.#url = url;
    this.direct = direct;
  }

  /** The proxy's URL, possibly with a user name and password. Use it only to connect. */
  url(): URL {
    return this.#url;
  }

  /** Whether a host is connected to directly, on any port. */
  isDirect(hostname: string): boolean {
    return this.direct.some((entry) =>
      entry.startsWith(".") ? hostname.endsWith(entry) || hostname === entry.slice(1) : hostname === entry,
    );
  }
}

/**
 * Reads `HTTPS_PROXY`, else `ALL_PROXY`, else `HTTP_PROXY`, and `NO_PROXY`, in upper or lower case. This is exactly what
 * the Azure SDKs do (@typespec/ts-http-runtime, proxyPolicy), so that all requests of a run take the same route.
 *
 * @returns `undefined` if no proxy is named; `"invalid"` if it is not an http or https URL
 */
export function readProxyRules(
  environment: Readonly<Record<string, string | undefined>>,
): ProxyRules | "invalid" | undefined {
  const read = (name: string) => environment[name] || environment[name.toLowerCase()] || undefined;
  const named = read("HTTPS_PROXY") ?? read("ALL_PROXY") ?? read("HTTP_PROXY");
  if (named === undefined) return undefined;
  const url = URL.canParse(named) ? new URL(named) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return "invalid";
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) return "invalid";
  const direct = (read("NO_PROXY") ?? "").split(",").map((entry) => entry.trim());
  return new ProxyRules(
    url,
    direct.filter((entry) => entry !== ""),
  );
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return false;
  }
}

/** A proxy that did not open a tunnel. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  /** `PROXY_UNREACHABLE`: no answer. `PROXY_UNAVAILABLE`: it cannot connect now. `PROXY_REFUSED`: it refuses to connect. */
  readonly code: "PROXY_UNREACHABLE" | "PROXY_UNAVAILABLE" | "PROXY_REFUSED";
  /** HTTP status of its answer; `undefined` if there was none. */
  readonly status: number | undefined;

  constructor(code: ProxyError["code"], { status, cause }: { status?: number; cause?: unknown }) {
    super(code, { cause });
    this.code = code;
    this.status = status;
  }
}

/**
 * Connects through a tunnel of the proxy (CONNECT), with TLS from end to end: the proxy learns only the host's name.
 * Hosts that `NO_PROXY` names are connected to directly.
 *
 * @param connect connects directly, or with TLS through a tunnel that is open
 * @param connectMs milliseconds for opening the tunnel
 */
export function throughProxy(
  rules: ProxyRules,
  connect: buildConnector.connector,
  connectMs: number,
): buildConnector.connector {
  return (options, callback) => {
    const { hostname, protocol, port } = options;
    if (rules.isDirect(hostname)) return void connect(options, callback);
    const authority = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
    openTunnel(rules.url(), authority, connectMs).then(
      (httpSocket) => {
        if (protocol === "https:") connect({ ...options, httpSocket }, callback);
        else callback(null, httpSocket);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}

/** @throws {ProxyError} */
function openTunnel(proxy: URL, authority: string, withinMs: number): Promise<Socket> {
  const isTls = proxy.protocol === "https:";
  const request: ClientRequest = (isTls ? requestHttps : requestHttp)({
    host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: proxy.port || (isTls ? 443 : 80),
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...authorizationFor(proxy) },
    agent: false,
  });
  return new Promise<Socket>((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new Error("no answer in time")), withinMs);
    request.once("connect", ({ statusCode: status = 0 }, socket, head) => {
      clearTimeout(timer);
      if (status >= 200 && status <= 299) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
        return;
      }
      socket.destroy();
      const isPassing = status >= 500 || status === 408 || status === 429;
      reject(new ProxyError(isPassing ? "PROXY_UNAVAILABLE" : "PROXY_REFUSED", { status }));
    });
    request.once("error", (cause) => {
      clearTimeout(timer);
      reject(new ProxyError("PROXY_UNREACHABLE", { cause }));
    });
    request.end();
  });
}

function authorizationFor({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}
