import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import { NO_REDIRECTS } from "./azure-answer.ts";

/** The identity library's own way of finding an identity. A module of its own, as it takes long to load. */
export function defaultIdentity(managedIdentityClientId: string | undefined): TokenCredential {
  return new DefaultAzureCredential({
    ...NO_REDIRECTS,
    ...(managedIdentityClientId !== undefined && { managedIdentityClientId }),
  });
}
