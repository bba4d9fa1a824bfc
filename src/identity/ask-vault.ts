import type { SecretClientOptions } from "@azure/keyvault-secrets";
import { SECOND } from "../clock.ts";
import { orAborted, type RunContext } from "../deadline.ts";
import { parseJson } from "../http/json.ts";
import { type Attempt, type RetriesExhausted, retry } from "../http/retry.ts";
import { isRestError, isTransient, networkCodeOf } from "./azure-answer.ts";

/** Key Vault and the identity before it answer in well under a second; this long means they will not. */
const ANSWER_WITHIN_MS = 30 * SECOND;

/**
 * Gives each refusal a body that the Key Vault SDKs can read: without one, as gateways and proxies answer, they throw a
 * TypeError in which the status is lost (keyvault-secrets 4.12.0, keyvault-keys 4.10.2, `keyVaultErrorDeserializer`).
 */
export const READABLE_REFUSALS: NonNullable<SecretClientOptions["additionalPolicies"]>[number] = {
  position: "perCall",
  policy: {
    name: "readableRefusals",
    sendRequest: async (request, next) => {
      const response = await next(request);
      const body = parseJson(Buffer.from(response.bodyAsText ?? ""));
      if (response.status < 300 || (typeof body === "object" && body !== null)) return response;
      response.headers.set("content-type", "application/json");
      return { ...response, bodyAsText: "{}" };
    },
  },
};

/** What to do with a vault that does not do what it is asked. */
export interface VaultFailures {
  /** The error for a vault that gave no usable answer in all attempts. */
  readonly unreachable: (exhausted: RetriesExhausted) => Error;
  /** The error for a no, from whatever the SDK threw: its messages quote the answer, its errors hold the token. */
  readonly refused: (error: unknown) => Error;
}

/** Asks a vault until it answers or {@link retry} gives up. The SDK itself must not retry. */
export function askVault<T>(
  context: RunContext,
  request: (abortSignal: AbortSignal) => Promise<T>,
  failures: VaultFailures,
): Promise<T> {
  return retry(context, {
    attempt: () => askOnce(context.signal, request, failures),
    giveUp: failures.unreachable,
  });
}

async function askOnce<T>(
  signal: AbortSignal,
  request: (abortSignal: AbortSignal) => Promise<T>,
  { refused }: VaultFailures,
): Promise<Attempt<T>> {
  const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    const ends = AbortSignal.any([signal, timeout]);
    // The SDK heeds it, but not while it waits for the identity's token.
    return { done: await orAborted(ends, request(ends)) };
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return { failed: { kind: "network", code: "TIMEOUT" } };
    const code = networkCodeOf(error);
    if (code !== undefined) return { failed: { kind: "network", code } };
    if (isRestError(error) && error.statusCode !== undefined && isTransient(error.statusCode)) {
      const retryAfter = error.response?.headers.get("retry-after");
      return { failed: { kind: "status", status: error.statusCode, retryAfter } };
    }
    throw refused(error);
  }
}
