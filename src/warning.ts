/**
 * What needs attention although the snapshot is whole. Each warning, in the manifest and in the summary line, begins with
 * its code and a colon: alerts and scripts match on it. docs/errors.md lists each with its remedy (a test checks that the
 * lists are equal).
 */
export const WARNING_CODES = [
  "tenant-left-out",
  "credential-expires",
  "credential-passed-over",
  "latest-repaired",
  "latest-not-moved",
  "report-not-written",
  "prune-failed",
  "predecessor-damaged",
  "unsigned-accepted",
  "run-in-future",
  "changes-skipped",
  "count-moved",
  "uncounted",
  "listing-nearly-short",
  "listing-fell-back",
  "users-repeated",
  "property-emptied",
] as const;

/** One of {@link WARNING_CODES}. */
export type WarningCode = (typeof WARNING_CODES)[number];

/**
 * A warning as in the manifest: `latest-repaired: latest.json was empty`.
 *
 * @param text a clause without a full stop; never a secret, or free text from a service's answer
 */
export function warning(code: WarningCode, text: string): string {
  return `${code}: ${text}`;
}
