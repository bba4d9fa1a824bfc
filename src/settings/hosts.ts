import * as z from "zod";
import { refuse } from "./setting.ts";

/** Whether a URL's host is this machine: the only place where rules made for Azure's hosts are loosened. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether a URL's host is below one of the suffixes, or this machine. */
export function isHostUnder(url: URL, suffixes: readonly string[]): boolean {
  const { hostname } = url;
  return isLoopback(url.href) || suffixes.some((suffix) => hostname.endsWith(suffix) && hostname !== suffix);
}

/** An https URL without a login, a query or a fragment; `undefined` for anything else. */
export function parseHttpsUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.protocol === "https:" && !url.username && !url.password && !url.search && !url.hash;
  return isPlain ? url : undefined;
}

/** An https origin, with or without a slash behind it. */
export const httpsOrigin = z.string().transform((text, context) => {
  const url = parseHttpsUrl(text);
  return url?.pathname === "/" ? url.origin : refuse(context, "must be an https origin without a path");
});

/** A Key Vault of a cloud, by what its vaults' hosts end with. */
export function vaultUrl(suffix: string): z.ZodType<string> {
  return z.string().transform((text, context) => {
    const url = parseHttpsUrl(text);
    if (url?.pathname !== "/") return refuse(context, "must be the https URL of a Key Vault");
    if (isHostUnder(url, [suffix])) return url.origin;
    return refuse(context, `must be a host under ${suffix}, as the cloud's vaults are`);
  });
}
