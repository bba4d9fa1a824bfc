import type { Completeness } from "../snapshot/completeness.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import { formatCount, formatDaysFrom, plural } from "./format.ts";

/** `20,000 of 20,000 counted: complete`, `20,000; no count to compare with: uncounted`. */
export function completenessInWords({ unique, counted, verdict }: Completeness): string {
  return counted === null
    ? `${formatCount(unique)}; no count to compare with: ${verdict}`
    : `${formatCount(unique)} of ${formatCount(counted)} counted: ${verdict}`;
}

/** `certificate graph-cert, expires 2027-11-22 (in 365 days)`, `federated: nothing expires`. */
export function credentialInWords({ kind, name, expiresOn }: Manifest["credential"], nowMs: number): string {
  if (name === null) return `${kind}: nothing expires`;
  if (expiresOn === null) return `${kind} ${name}, no expiry kept in Key Vault`;
  const verb = Date.parse(expiresOn) < nowMs ? "expired" : "expires";
  return `${kind} ${name}, ${verb} ${expiresOn.slice(0, 10)} (${formatDaysFrom(nowMs, expiresOn)})`;
}

/** `ES256 by https://contoso-vault.vault.azure.net/keys/manifest-key/…`, as the manifest says; nobody has checked it. */
export function signatureInWords({ signature }: Manifest): string {
  return signature ? `${signature.alg} by ${signature.kid}` : "none";
}

/** `21 pages, 23 requests, 1 retry, 1 throttled`. */
export function effortInWords({ pages, requests, retries, throttled }: Manifest["source"]): string {
  return [
    plural(pages, "page"),
    plural(requests, "request"),
    plural(retries, "retry", "retries"),
    `${formatCount(throttled)} throttled`,
  ].join(", ");
}

/** Bytes of all parts. */
export function totalBytes({ parts }: Manifest): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** From the start of the run to its manifest, in milliseconds. */
export function durationMs({ startedAt, finishedAt }: Manifest): number {
  return Date.parse(finishedAt) - Date.parse(startedAt);
}
