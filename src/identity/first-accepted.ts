import { RollcallError } from "../error.ts";
import type { VaultCredential } from "../settings/credential-setting.ts";
import type { SkippedVersion } from "./credential.ts";
import type { SignIn } from "./sign-in.ts";
import { answerOfRefusal, type Refusal, refusalInWords } from "./sign-in-error.ts";

/** A sign-in that Entra accepted. */
export interface Accepted {
  readonly signIn: SignIn;
  /** What it gave last. */
  readonly token: string;
  /** Each newer version, and why it did not do: `version 2 is expired on 2026-11-01`. */
  readonly passedOver: readonly string[];
}

/** What errors say of the credential that is looked for. */
export interface Sought extends VaultCredential {
  /** `secret graph-secret in https://…`. */
  readonly subject: string;
  /** What a token is wanted for. */
  readonly doing: string;
}

/** What is known once every version was tried in vain. */
interface Failed {
  readonly reasons: readonly string[];
  /** Entra's last one; `undefined` when it was never asked. */
  readonly rejection: Refusal | undefined;
  readonly isUnreadable: boolean;
}

/**
 * Tries one version after the other until Entra accepts one.
 *
 * @throws {RollcallError} `credential-rejected`, `credential-unusable` or `certificate-unreadable` when there is none; what
 *   ends the search before
 */
export async function firstAccepted(
  versions: AsyncIterable<SignIn | SkippedVersion>,
  sought: Sought,
): Promise<Accepted> {
  const reasons: string[] = [];
  let rejection: Refusal | undefined;
  let isUnreadable = false;
  try {
    for await (const found of versions) {
      if ("skipped" in found) {
        reasons.push(`version ${found.version} is ${found.skipped}`);
        isUnreadable ||= found.unreadable === true;
        continue;
      }
      const token = await found.token(false);
      if (typeof token === "string") return { signIn: found, token, passedOver: reasons };
      rejection = token;
      reasons.push(`version ${found.credential.version} was rejected (${refusalInWords(token)})`);
    }
  } catch (error) {
    // A vault that lets us read but not list ends the search; what was found so far tells the reason.
    if (reasons.length === 0 || !isVaultDenied(error)) throw error;
    reasons.push("older versions could not be listed, which the role Key Vault Secrets User would allow");
  }
  throw noneAccepted(sought, { reasons, rejection, isUnreadable });
}

function isVaultDenied(error: unknown): boolean {
  return error instanceof RollcallError && error.code === "vault-denied";
}

function noneAccepted(
  { kind, name, subject, clientId, doing }: Sought,
  { reasons, rejection, isUnreadable }: Failed,
): RollcallError {
  const versions = reasons.length > 0 ? reasons.join("; ") : "there is no enabled version";
  if (rejection) {
    return new RollcallError("credential-rejected", {
      doing,
      problem: `Entra accepts no version of ${subject}: ${versions}`,
      answer: answerOfRefusal(rejection),
      remedy: `Add a ${kind} to app ${clientId} and store it in Key Vault as a new version of ${name}.`,
    });
  }
  return new RollcallError(isUnreadable ? "certificate-unreadable" : "credential-unusable", {
    doing: `reading ${subject}`,
    problem: `no version can be used: ${versions}`,
    remedy: isUnreadable
      ? "Store an RSA certificate in Key Vault with an exportable private key, as PKCS#12 or PEM without password."
      : `Add a valid ${kind} to the app registration and store it in Key Vault as a new version of ${name}.`,
  });
}
