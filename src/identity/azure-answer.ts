import { isRestError, type RestError } from "@azure/storage-blob";
import { type AzureAnswer, answer, safeCode } from "../answer.ts";
import { RollcallError } from "../error.ts";
import type { FailedAttempt } from "../http/retry-delay.ts";

export { isRestError, type RestError };

/** For each Azure SDK client: a redirect is an answer like any other, and is not followed. */
export const NO_REDIRECTS = { redirectOptions: { maxRetries: 0 } } as const;

/** The identity library's errors, by their names: telling them by their classes would load it where no identity is needed. */
const IDENTITY_ERRORS: readonly string[] = [
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
  "CredentialUnavailableError",
];

/** Whether a status is a fault that passes. */
export function isTransient(status: number): boolean {
  return status === 429 || status === 408 || status >= 500;
}

/** What an Azure SDK error says that the service answered; `undefined` when no answer came. */
export function answerOf(error: unknown): AzureAnswer | undefined {
  if (!isRestError(error) || error.statusCode === undefined) return undefined;
  return answer({
    status: error.statusCode,
    code: innerCode(error) ?? error.code,
    requestId: error.response?.headers.get("x-ms-request-id"),
  });
}

/** Node's code for a request that brought no answer, such as `ENOTFOUND`; `undefined` when one came. */
export function networkCodeOf(error: unknown): string | undefined {
  if (!isRestError(error) || error.statusCode !== undefined) return undefined;
  const causes = [error, error.cause].map((at) => (at as NodeJS.ErrnoException | undefined)?.code);
  const code = causes.find((found) => found !== undefined && found !== "REQUEST_SEND_ERROR");
  return safeCode(code) ?? "UNKNOWN";
}

/**
 * The error for an identity that gives no token, or `undefined` when `error` is about something else.
 *
 * @param doing what the token was wanted for
 */
export function asIdentityError(error: unknown, doing: string): RollcallError | undefined {
  if (!(error instanceof Error && IDENTITY_ERRORS.includes(error.name))) return undefined;
  return new RollcallError("identity-unavailable", {
    doing,
    problem: "no identity gave a token (managed identity in Azure, `az login` on a laptop)",
    answer: identityAnswerOf(error),
    remedy:
      "In Azure: give the Function app an identity; with a user-assigned one set AZURE_CLIENT_ID to its client id. " +
      "On a laptop: run `az login`.",
  });
}

/** What the identity's endpoint answered, as far as its error tells; `undefined` when it tells nothing. */
export function identityAnswerOf(error: unknown): AzureAnswer | undefined {
  const errors = errorsIn(error);
  const status = errors.map(statusOf).find((found) => found !== undefined);
  const aadsts = errors.map(({ message }) => /AADSTS\d{5,9}\b/.exec(message)?.[0]).find(Boolean);
  // No request id: an identity endpoint that repeats its secret header, a GUID, would have it told here.
  return status === undefined && aadsts === undefined ? undefined : { ...answer({ status }), code: aadsts };
}

/**
 * Why an identity gives no token now and may give one soon; `undefined` for a final no. The identity library, which has
 * tried a few times by then, tells little of it (identity 4.14.1, `ManagedIdentityCredential`).
 */
export function passingIdentityFault(error: unknown): FailedAttempt | undefined {
  const errors = errorsIn(error);
  const status = errors.map(statusOf).find((found) => found !== undefined);
  if (status !== undefined) return isTransient(status) ? { kind: "status", status } : undefined;
  if (errors.some((found) => found instanceof SilentIdentityError))
    return { kind: "network", code: "TIMEOUT" };
  if (errors.some((found) => (found as { errorCode?: unknown }).errorCode === "network_error"))
    return { kind: "network", code: "ENETUNREACH" };
  // Its answer was an error in the platform's own form, of which MSAL understands nothing: it could be any.
  return errors.some((found) => found.name === "AuthenticationRequiredError")
    ? { kind: "damaged", reason: "it holds no token" }
    : undefined;
}

/** An identity that does not answer. */
export class SilentIdentityError extends Error {
  override readonly name = "CredentialUnavailableError";
}

/** An error with its causes and, of a chain of identities, each one's error. */
function errorsIn(error: unknown, depth = 0): readonly Error[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const { errors } = error as { errors?: unknown };
  const inner = [error.cause, ...(Array.isArray(errors) ? errors : [])];
  return [error, ...inner.flatMap((one) => errorsIn(one, depth + 1))];
}

/** The identity library says `statusCode`, MSAL below it `status`. */
function statusOf(error: Error): number | undefined {
  const { statusCode, status } = error as { statusCode?: unknown; status?: unknown };
  return answer({ status: statusCode ?? status }).status;
}

/** Key Vault puts the telling code, such as `SecretDisabled`, one level down. */
function innerCode(error: RestError): string | undefined {
  const details = error.details as {
    error?: { innerError?: { code?: unknown }; innererror?: { code?: unknown } };
  };
  const code = (details?.error?.innerError ?? details?.error?.innererror)?.code;
  return typeof code === "string" ? code : undefined;
}
