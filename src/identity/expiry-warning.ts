import { DAY } from "../clock.ts";
import type { CredentialIdentity } from "./credential.ts";

/** From this many days before its end an expiring credential is warned about. */
export const EXPIRY_WARNING_DAYS = 30;

/**
 * What to say when a credential ends within {@link EXPIRY_WARNING_DAYS} days.
 *
 * @returns one clause or none
 */
export function expiryWarning(credential: CredentialIdentity | undefined, nowMs: number): string[] {
  const end = credential?.expiresOn;
  if (!credential || !end) return [];
  const days = Math.max(0, Math.floor((end.getTime() - nowMs) / DAY));
  if (days > EXPIRY_WARNING_DAYS) return [];
  const { kind, name, version } = credential;
  const when = days === 0 ? "within a day" : `in ${days} ${days === 1 ? "day" : "days"}`;
  return [`${kind} ${name} (version ${version}) expires ${when}, on ${end.toISOString().slice(0, 10)}`];
}
