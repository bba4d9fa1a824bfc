import type { TokenCredential } from "@azure/identity";
import { CryptographyClient, KeyClient, type KeyClientOptions, type KeyVaultKey } from "@azure/keyvault-keys";
import { isRedirect, safeCode } from "../answer.ts";
import type { RunContext } from "../deadline.ts";
import { type ErrorCode, type Failure, RollcallError } from "../error.ts";
import { proxyRefusal } from "../http/refused-way.ts";
import { describeExhausted } from "../http/retry.ts";
import { askVault, READABLE_REFUSALS } from "../identity/ask-vault.ts";
import { answerOf, asIdentityError, NO_REDIRECTS } from "../identity/azure-answer.ts";
import type { VaultReads } from "../identity/vault-reads.ts";
import { isLoopback } from "../settings/hosts.ts";
import type { PublicJwk, SignatureAlgorithm } from "./algorithm.ts";
import { isVersionOf, parseKeyId } from "./key-id.ts";

/** One version of a key as the vault tells of it. */
export interface VaultKeyVersion {
  /** Its id, with its version. */
  readonly kid: string;
  /** The vault's word for its kind, such as `EC-HSM` or `oct`. */
  readonly kind: string;
  /** `undefined` for a kind that has no public half, or one that is not understood. */
  readonly publicJwk: PublicJwk | undefined;
  readonly enabled: boolean;
  readonly notBefore: Date | undefined;
  readonly expiresOn: Date | undefined;
  /** Whether it may be used for signing at all. */
  readonly maySign: boolean;
  /** The SHA-256 digest, signed by the vault. */
  sign(alg: SignatureAlgorithm, digest: Buffer): Promise<Buffer>;
}

/** A key in a vault; its private half never leaves it. */
export interface VaultKey {
  /** What is asked for, for messages: `key manifest-key in https://…`. */
  readonly subject: string;
  /**
   * The newest version, or the one named. Needs `keys/read`.
   *
   * @returns `undefined` when there is none
   */
  read(version?: string): Promise<VaultKeyVersion | undefined>;
  /**
   * Drops what other runs of the process have read of it: it will not do, and somebody may have mended it.
   *
   * @returns whether reading again may tell something else
   */
  forget(): boolean;
}

/** What a vault is asked as. */
export interface VaultKeyOptions {
  /** Without a trailing slash. */
  readonly vaultUrl: string;
  /** Of the key. */
  readonly name: string;
  /** The identity; role "Key Vault Crypto User" to sign, "Key Vault Reader" is enough to read. */
  readonly credential: TokenCredential;
  readonly context: RunContext;
  /** Code of every error. */
  readonly code: ErrorCode;
  /** What other runs of the process have read of the vault; absent: it is read for this one alone. */
  readonly reads?: VaultReads | undefined;
}

/**
 * Opens a key of a vault; asks nothing yet.
 *
 * @throws {RollcallError} from its methods, with the given code, when the vault refuses or stays silent
 */
export function openVaultKey(options: VaultKeyOptions): VaultKey {
  const { vaultUrl, name, credential, context, code, reads } = options;
  const client = new KeyClient(vaultUrl, credential, clientOptions(vaultUrl));
  const subject = `key ${name} in ${vaultUrl}`;

  function ask<T>(doing: string, request: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
    return askVault(context, request, {
      unreachable: (exhausted) =>
        new RollcallError(code, {
          doing,
          problem: describeExhausted(exhausted),
          remedy:
            "Check ROLLCALL_KEY_VAULT_URL and that the vault's firewall, DNS and any proxy (HTTPS_PROXY) let the caller through.",
        }),
      refused: (error) => new RollcallError(code, refusal(error, doing, name)),
    });
  }

  function forget(): boolean {
    return reads?.forget({ subject }) ?? false;
  }

  async function read(version?: string): Promise<VaultKeyVersion | undefined> {
    const doing = `reading ${version ? `version ${version} of ` : ""}${subject}`;
    const get = () =>
      ask(doing, async (abortSignal) => {
        try {
          return await client.getKey(name, { abortSignal, ...(version && { version }) });
        } catch (error) {
          if (answerOf(error)?.status === 404) return undefined;
          throw error;
        }
      });
    const what = `version ${version ?? "newest"}`;
    const key = await (reads ? reads.once(subject, what, get, context.signal) : get());
    if (key === undefined) return undefined;
    const id = parseKeyId(key.id ?? "");
    if (!id || !isVersionOf(id, vaultUrl, name) || (version ?? id.version) !== id.version) {
      const problem = "the vault answered with another key than it was asked for";
      throw new RollcallError(code, { doing, problem, remedy: QUOTE_TO_MICROSOFT });
    }
    return versionOf(key, `${id.vaultUrl}/keys/${id.name}/${id.version}`);
  }

  function versionOf(key: KeyVaultKey, kid: string): VaultKeyVersion {
    const { enabled = true, notBefore, expiresOn } = key.properties;
    return {
      kid,
      kind: safeCode(key.keyType?.replaceAll("-", "_"))?.replaceAll("_", "-") ?? "an unknown kind",
      publicJwk: publicJwkOf(key),
      enabled,
      notBefore,
      expiresOn,
      maySign: key.keyOperations?.includes("sign") ?? true,
      sign: async (alg, digest) => {
        try {
          return await ask(`signing with ${subject}`, async (abortSignal) => {
            // Made for each try: it keeps what it was asked first, body and all, until the vault has challenged it.
            const cryptography = new CryptographyClient(key, credential, clientOptions(vaultUrl));
            return Buffer.from((await cryptography.sign(alg, digest, { abortSignal })).result);
          });
        } catch (error) {
          forget();
          throw error;
        }
      },
    };
  }

  return { subject, read, forget };
}

function clientOptions(vaultUrl: string): KeyClientOptions {
  return {
    ...NO_REDIRECTS,
    additionalPolicies: [READABLE_REFUSALS],
    // Off for this machine only: everywhere else the SDK checks that the challenge names the vault's own domain.
    disableChallengeResourceVerification: isLoopback(vaultUrl),
    // Retried by `askVault`, where late answers are too.
    retryOptions: { maxRetries: 0 },
  };
}

/** A key in an HSM is one like any other to who checks its signatures. */
function publicJwkOf({ key, keyType }: KeyVaultKey): PublicJwk | undefined {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const kty = keyType?.replace(/-HSM$/, "");
  if (kty === "EC" && key?.crv && key.x && key.y) {
    return { kty, crv: key.crv, x: text(key.x), y: text(key.y) };
  }
  return kty === "RSA" && key?.n && key.e ? { kty, n: text(key.n), e: text(key.e) } : undefined;
}

const QUOTE_TO_MICROSOFT =
  "Check ROLLCALL_KEY_VAULT_URL and ROLLCALL_SIGNING_KEY_NAME; if both are right, quote the request id to Microsoft.";

/** What the vault says by the code of its no, in words. */
const REFUSALS: ReadonlyMap<string | undefined, Pick<Failure, "problem" | "remedy">> = new Map([
  [
    "KeyDisabled",
    {
      problem: "the key is disabled",
      remedy: "Enable it, or make a new version of it: `az keyvault key rotate`.",
    },
  ],
  [
    "KeyExpired",
    { problem: "the key has expired", remedy: "Make a new version of it: `az keyvault key rotate`." },
  ],
  [
    "KeyOperationForbidden",
    {
      problem: "the key may not be used for signing",
      remedy:
        "Add `sign` to its permitted operations, or make a new version of it: `az keyvault key rotate`.",
    },
  ],
  [
    "ForbiddenByFirewall",
    {
      problem: "the vault's firewall refused the caller",
      remedy: "Let the caller through it (virtual network integration or private endpoint).",
    },
  ],
]);

/** The vault's no in words. Whatever the SDK throws ends here: its messages quote the answer, its errors hold the token. */
function refusal(error: unknown, doing: string, name: string): Failure {
  const answer = answerOf(error);
  const known = REFUSALS.get(answer?.code);
  if (known) return { doing, answer, ...known };
  if (answer?.status === 407) return proxyRefusal(answer.status, doing);
  if (answer?.status === 404) return { doing, answer, ...noSuchKey(name) };
  if (answer?.status === 401 || answer?.status === 403) {
    return {
      doing,
      answer,
      problem: "the vault refused the identity",
      remedy:
        'Give the identity the role "Key Vault Crypto User" on the key; a new assignment takes minutes to work.',
    };
  }
  if (isRedirect(answer?.status)) {
    return {
      doing,
      answer,
      problem:
        "the vault's address answers with a redirect; it was not followed, as the token would travel there",
      remedy: "Check ROLLCALL_KEY_VAULT_URL, and for a proxy in between that wants a sign-in.",
    };
  }
  return asIdentityError(error, doing) ?? { doing, answer, ...notUnderstood(error, answer !== undefined) };
}

/** For a key that the vault does not have. */
export function noSuchKey(name: string): Pick<Failure, "problem" | "remedy"> {
  return {
    problem: "the vault holds no key of that name",
    remedy:
      "Check ROLLCALL_SIGNING_KEY_NAME and ROLLCALL_KEY_VAULT_URL, or make the key: " +
      `\`az keyvault key create --name ${name} --kty EC --curve P-256 --ops sign verify --vault-name NAME\`.`,
  };
}

function notUnderstood(error: unknown, isAnswered: boolean): Pick<Failure, "problem" | "remedy"> {
  const name = (error instanceof Error && safeCode(error.name)) || "Error";
  return {
    problem: isAnswered ? "the vault refused the request" : `the vault's answer was not understood (${name})`,
    remedy: QUOTE_TO_MICROSOFT,
  };
}
