import { isRedirect } from "../answer.ts";
import { RollcallError } from "../error.ts";

/**
 * The error for an answer that sends us elsewhere; `undefined` for any other. No redirect is ever followed: a token or a
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
    problem: `${new URL(url).host} sends us ${targetInWords(headers.location, url)}; nothing was sent there`,
    answer: { status },
    remedy:
      "Nothing was published. Neither Graph nor Entra redirects: check ROLLCALL_GRAPH_URL and ROLLCALL_AUTHORITY_HOST, " +
      "and for a proxy or a sign-in page on the way.",
  });
}

/** Where to, without the answer's own words. */
function targetInWords(location: string | undefined, url: string): string {
  if (location === undefined || !URL.canParse(location, url)) return "elsewhere without saying where";
  return new URL(location, url).origin === new URL(url).origin
    ? "to another address of its own"
    : "to another host";
}

/** The error for a proxy that refuses to connect us. */
export function proxyRefusal(status: number | undefined, doing: string): RollcallError {
  const isAboutLogin = status === 407;
  return new RollcallError("proxy-refused", {
    doing,
    problem: isAboutLogin
      ? "the proxy that HTTPS_PROXY names wants a user name and a password, or others"
      : "the proxy that HTTPS_PROXY names refuses to connect to that host",
    answer: { status },
    remedy: isAboutLogin
      ? "Put them into HTTPS_PROXY (http://NAME:PASSWORD@HOST:PORT, percent-encoded), from a secret store."
      : "Let it through there, or except the host from the proxy by NO_PROXY.",
  });
}
