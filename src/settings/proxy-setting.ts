import { type ProxyRules, readProxyRules } from "../http/proxy.ts";
import type { Environment, SettingProblem } from "./setting.ts";

/** The way out of the network as `HTTPS_PROXY` and `NO_PROXY` name it, and what is wrong with them. */
export function readProxy(environment: Environment): {
  /** `undefined`: connections are direct. */
  readonly proxy: ProxyRules | undefined;
  readonly problems: readonly SettingProblem[];
} {
  const proxy = readProxyRules(environment);
  if (proxy === undefined) return { proxy, problems: [] };
  if (proxy === "invalid") {
    const example = "http://proxy.contoso.com:8080";
    const problem = { name: "HTTPS_PROXY", problem: "must be the http or https URL of a proxy", example };
    return { proxy: undefined, problems: [problem] };
  }
  return { proxy, problems: identityProblems(environment, proxy) };
}

/** The platform's identity endpoint speaks plain HTTP: its header is a secret, and a proxy could not reach it anyway. */
function identityProblems({ IDENTITY_ENDPOINT }: Environment, proxy: ProxyRules): SettingProblem[] {
  if (!IDENTITY_ENDPOINT || !URL.canParse(IDENTITY_ENDPOINT)) return [];
  const { hostname } = new URL(IDENTITY_ENDPOINT);
  if (proxy.isDirect(hostname)) return [];
  return [
    {
      name: "NO_PROXY",
      problem:
        "must name the host of IDENTITY_ENDPOINT, which must not be asked through the proxy of HTTPS_PROXY",
      example: `${hostname},169.254.169.254`,
    },
  ];
}
