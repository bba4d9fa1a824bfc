import type { TokenCredential } from "@azure/identity";
import { MINUTE } from "../clock.ts";
import { SilentIdentityError } from "./azure-answer.ts";

/** The identity answers at once. The library's own tries take up to half a minute. */
const ANSWER_WITHIN_MS = MINUTE;

/**
 * The identity that opens Key Vault and Storage: managed identity in Azure, `az login` on a laptop.
 *
 * Silence counts as a failure after a while: the library itself waits for a managed identity as long as that takes, whatever
 * its `abortSignal` says (identity 4.14.1). An abort does not end the wait here either. The storage and vault clients renew
 * tokens in the background, with the signal of whatever they were asked first, and try again until the token has expired, which
 * then brings the process down (core-rest-pipeline, `tokenCycler`).
 *
 * @param managedIdentityClientId of a user-assigned one; absent: as `AZURE_CLIENT_ID` says
 * @param answerWithinMs how long silence may last, in milliseconds; a minute when absent
 */
export function openAzureIdentity(
  managedIdentityClientId?: string,
  answerWithinMs = ANSWER_WITHIN_MS,
): TokenCredential {
  let found: Promise<TokenCredential> | undefined;
  return {
    getToken: async (scopes, options) => {
      found ??= import("./default-identity.ts").then(({ defaultIdentity }) =>
        defaultIdentity(managedIdentityClientId),
      );
      const identity = await found;
      const { promise: silence, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => reject(new SilentIdentityError("The identity did not answer.")),
        answerWithinMs,
      );
      try {
        return await Promise.race([identity.getToken(scopes, options), silence]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
