import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import { NO_REDIRECTS } from "../azure-answer.ts";

/** The identity that opens Key Vault and Storage: managed identity in Azure, `az login` on a laptop. */
export function openAzureIdentity(): TokenCredential {
  return new DefaultAzureCredential({ ...NO_REDIRECTS });
}
