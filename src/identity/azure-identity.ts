import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import { NO_REDIRECTS } from "./azure-answer.ts";

/**
 * The identity that opens Key Vault and Storage: managed identity in Azure, `az login` on a laptop.
 *
 * @param managedIdentityClientId of a user-assigned one; absent: as `AZURE_CLIENT_ID` says
 */
export function openAzureIdentity(managedIdentityClientId?: string): TokenCredential {
  return new DefaultAzureCredential({
    ...NO_REDIRECTS,
    ...(managedIdentityClientId !== undefined && { managedIdentityClientId }),
  });
}
