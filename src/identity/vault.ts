import type { TokenCredential } from "@azure/identity";
import { type KeyVaultSecret, SecretClient, type SecretProperties } from "@azure/keyvault-secrets";
import { isRedirect, safeCode } from "../answer.ts";
import type { RunContext } from "../deadline.ts";
import { RollcallError } from "../error.ts";
import { proxyRefusal } from "../http/refused-way.ts";
import { describeExhausted } from "../http/retry.ts";
import type { VaultCredential } from "../settings/credential-setting.ts";
import { isLoopback } from "../settings/hosts.ts";
import { askVault, READABLE_REFUSALS } from "./ask-vault.ts";
import { answerOf, asIdentityError, NO_REDIRECTS } from "./azure-answer.ts";

/** How Key Vault names versions; anything else in that place is not shown, nor asked for. */
const VERSION_NAME = /^[0-9a-f]{32}$/i;

/** One version of a Key Vault object as its listing shows it. */
export type VersionProperties = SecretProperties;

/** Reads the versions of one secret (a certificate is read as its secret). */
export interface Vault {
  /** What is read, for messages: `secret graph-secret in https://…`. */
  readonly subject: string;
  /**
   * The newest version, or the one named. Needs `secrets/get`.
   *
   * @returns `"disabled"` for a version that is switched off
   */
  get(version?: string): Promise<KeyVaultSecret | "disabled">;
  /** All versions, newest first, without values. Needs `secrets/list`. */
  versions(): Promise<readonly VersionProperties[]>;
}

/**
 * Opens a Key Vault as the Function's own identity.
 *
 * @param identity with the role "Key Vault Secrets User"
 * @see https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
 */
export function openVault(
  object: Pick<VaultCredential, "vaultUrl" | "kind" | "name">,
  identity: TokenCredential,
  context: RunContext,
): Vault {
  const { vaultUrl } = object;
  const client = new SecretClient(vaultUrl, identity, {
    ...NO_REDIRECTS,
    additionalPolicies: [READABLE_REFUSALS],
    // Off for this machine only: everywhere else the SDK checks that the challenge names the vault's own domain.
    disableChallengeResourceVerification: isLoopback(vaultUrl),
    // Retried by askVault, where late answers are too.
    retryOptions: { maxRetries: 0 },
  });
  const subject = `${object.kind} ${object.name} in ${vaultUrl}`;

  function ask<T>(doing: string, request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    return askVault(context, request, {
      unreachable: (exhausted) =>
        new RollcallError("vault-unreachable", {
          doing,
          problem: describeExhausted(exhausted),
          remedy:
            "Check ROLLCALL_KEY_VAULT_URL and that the vault's firewall, DNS and any proxy (HTTPS_PROXY) let the caller through.",
        }),
      refused: (error) => asVaultError(error, doing, object.name),
    });
  }

  return {
    subject,
    get: (version) =>
      ask(`reading ${version ? `version ${version} of ` : ""}${subject}`, async (abortSignal) => {
        try {
          const secret = await client.getSecret(object.name, { abortSignal, ...(version && { version }) });
          const { version: found = "", ...properties } = secret.properties;
          return { ...secret, properties: VERSION_NAME.test(found) ? secret.properties : properties };
        } catch (error) {
          if (answerOf(error)?.code === "SecretDisabled") return "disabled";
          throw error;
        }
      }),
    versions: () =>
      ask(`listing the versions of ${subject}`, async (abortSignal) => {
        const found: VersionProperties[] = [];
        for await (const version of client.listPropertiesOfSecretVersions(object.name, { abortSignal })) {
          if (VERSION_NAME.test(version.version ?? "")) found.push(version);
        }
        const createdMs = ({ createdOn }: VersionProperties) => createdOn?.getTime() ?? 0;
        return found.sort((one, other) => createdMs(other) - createdMs(one));
      }),
  };
}

/** The vault's no in words. Whatever the SDK throws ends here: its messages quote the answer, its errors hold the token. */
function asVaultError(error: unknown, doing: string, name: string): RollcallError {
  const answer = answerOf(error);
  switch (answer?.status) {
    case 407:
      return proxyRefusal(answer.status, doing);
    case 404:
      return new RollcallError("credential-not-found", {
        doing,
        problem: "the vault holds nothing of that name",
        answer,
        remedy: `Check the name ${name} in ROLLCALL_SECRET_NAME or ROLLCALL_CERTIFICATE_NAME, and the vault's URL.`,
      });
    case 401:
    case 403:
      return new RollcallError("vault-denied", {
        doing,
        problem: "the vault refused the Function's identity",
        answer,
        remedy:
          answer.code === "ForbiddenByFirewall"
            ? "Let the Function app through the vault's firewall (virtual network integration or private endpoint)."
            : 'Give the identity the role "Key Vault Secrets User" on the vault; a new assignment takes minutes to work.',
      });
    default:
      return asIdentityError(error, doing) ?? refused(error, doing);
  }
}

function refused(error: unknown, doing: string): RollcallError {
  const answer = answerOf(error);
  if (isRedirect(answer?.status)) {
    return new RollcallError("vault-refused", {
      doing,
      problem:
        "the vault's address answers with a redirect; it was not followed, as the token would travel there",
      answer,
      remedy: "Check ROLLCALL_KEY_VAULT_URL, and for a proxy in between that wants a sign-in.",
    });
  }
  const name = error instanceof Error ? safeCode(error.name) : undefined;
  return new RollcallError("vault-refused", {
    doing,
    problem:
      answer === undefined
        ? `the vault's answer was not understood (${name ?? "Error"})`
        : "the vault refused the request",
    answer,
    remedy:
      "Check ROLLCALL_KEY_VAULT_URL and the object's name; if both are right, quote the request id to Microsoft.",
  });
}
