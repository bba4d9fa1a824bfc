import type { TokenCredential } from "@azure/identity";
import { openAzureIdentity } from "../src/identity/azure-identity.ts";

/** What the runs of an instance share, so that a thousand tenants do not ask for it a thousand times. */
export interface Instance {
  /** Opens Key Vault, Storage and the queue. */
  readonly identity: TokenCredential;
}

let opened: Instance | undefined;

/** The same for every call in a process. */
export function instance(): Instance {
  opened ??= { identity: openAzureIdentity() };
  return opened;
}
