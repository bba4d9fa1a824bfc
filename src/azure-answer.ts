import {
  AggregateAuthenticationErrorName,
  AuthenticationErrorName,
  AuthenticationRequiredError,
  CredentialUnavailableErrorName,
} from "@azure/identity";
import { isRestError, type RestError } from "@azure/storage-blob";
import { type AzureAnswer, RollcallError } from "./error.ts";

export { isRestError, type RestError };

/** What an Azure SDK error says that the service answered; `undefined` when no answer came. */
export function answerOf(error: unknown): AzureAnswer | undefined {
  if (!isRestError(error) || error.statusCode === undefined) return undefined;
  return {
    status: error.statusCode,
    code: innerCode(error) ?? error.code,
    requestId: error.response?.headers.get("x-ms-request-id"),
    message: error.message.split("\n")[0],
  };
}

/** Node's code for a request that brought no answer, such as `ENOTFOUND`; `undefined` when one came. */
export function networkCodeOf(error: unknown): string | undefined {
  if (!isRestError(error) || error.statusCode !== undefined) return undefined;
  const causes = [error, error.cause].map((at) => (at as NodeJS.ErrnoException | undefined)?.code);
  return causes.find((code) => code !== undefined && code !== "REQUEST_SEND_ERROR") ?? "UNKNOWN";
}

/**
 * The error for an identity that gives no token, or `undefined` when `error` is about something else.
 *
 * @param doing what the token was wanted for
 */
export function asIdentityError(error: unknown, doing: string): RollcallError | undefined {
  const isIdentity =
    error instanceof AuthenticationRequiredError ||
    (error instanceof Error &&
      [AggregateAuthenticationErrorName, AuthenticationErrorName, CredentialUnavailableErrorName].includes(
        error.name,
      ));
  if (!isIdentity) return undefined;
  return new RollcallError("identity-unavailable", {
    doing,
    problem: "no identity gave a token (managed identity in Azure, `az login` on a laptop)",
    answer: { message: error.message },
    remedy:
      "In Azure: give the Function app an identity; with a user-assigned one set AZURE_CLIENT_ID to its client id. " +
      "On a laptop: run `az login`.",
  });
}

/** Key Vault puts the telling code, such as `SecretDisabled`, one level down. */
function innerCode(error: RestError): string | undefined {
  const details = error.details as {
    error?: { innerError?: { code?: unknown }; innererror?: { code?: unknown } };
  };
  const code = (details?.error?.innerError ?? details?.error?.innererror)?.code;
  return typeof code === "string" ? code : undefined;
}
