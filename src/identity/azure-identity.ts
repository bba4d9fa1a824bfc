import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import { MINUTE } from "../clock.ts";
import { NO_REDIRECTS, SilentIdentityError } from "./azure-answer.ts";

/** The identity answers at once. The library's own tries take up to half a minute. */
const ANSWER_WITHIN_MS = MINUTE;

/**
 * The identity that opens Key Vault and Storage: managed identity in Azure, `az login` on a laptop. Ends when it is told to,
 * and when there is no answer for a minute: the library itself waits for as long as a managed identity keeps silent, whatever
 * its `abortSignal` says (identity 4.14.1).
 *
 * @param managedIdentityClientId of a user-assigned one; absent: as `AZURE_CLIENT_ID` says
 */
export function openAzureIdentity(managedIdentityClientId?: string): TokenCredential {
  const identity = new DefaultAzureCredential({
    ...NO_REDIRECTS,
    ...(managedIdentityClientId !== undefined && { managedIdentityClientId }),
  });
  return {
    getToken: async (scopes, options = {}) => {
      const { promise: given, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(new SilentIdentityError("The identity did not answer."));
      const timer = setTimeout(giveUp, ANSWER_WITHIN_MS);
      options.abortSignal?.addEventListener("abort", giveUp);
      if (options.abortSignal?.aborted) giveUp();
      try {
        return await Promise.race([identity.getToken(scopes, options), given]);
      } finally {
        clearTimeout(timer);
        options.abortSignal?.removeEventListener("abort", giveUp);
      }
    },
  };
}
