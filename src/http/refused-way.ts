import { isRedirect } from "../answer.ts";
import { RollcallError } from "../error.ts";

/**
 * The error for a redirect; `undefined` for any other response. No redirect is ever followed, because a token or
 * credential would travel with it.
 */
export function redirectError(
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  url: string,
  doing: string,
): RollcallError | undefined {
  if (!isRedirect(status)) return undefined;
  return new RollcallError("redirect-refused", {
    doing,
    problem: `${new URL(url).host} redirects ${describeTarget(headers.location, url)}; nothing was sent there`,
    answer: { status },
    remedy:
      "Nothing was published. Neither Graph nor Entra redirects: check ROLLCALL_GRAPH_URL and ROLLCALL_AUTHORITY_HOST, " +
      "and look for a proxy or a sign-in page in between.",
  });
}

/** Where the redirect leads, without quoting it. */
function describeTarget(location: string | undefined, url: string): string {
  if (location === undefined || !URL.canParse(location, url)) return "without saying where";
  return new URL(location, url).origin === new URL(url).origin
    ? "to another address of its own"
    : "to another host";
}

/** The error for a proxy that refuses to connect. */
export function proxyRefusal(status: number | undefined, doing: string): RollcallError {
  const isAboutLogin = status === 407;
  return new RollcallError("proxy-refused", {
    doing,
    problem: isAboutLogin
      ? "the proxy in HTTPS_PROXY asks for a user name and password, or does not accept those given"
      : "the proxy in HTTPS_PROXY refuses to connect to that host",
    answer: { status },
    remedy: isAboutLogin
      ? "Put them into HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT, percent-encoded), from a secret store."
      : "Allow the host on the proxy, or name it in NO_PROXY to bypass the proxy.",
  });
}
