import type { TokenCredential } from "@azure/identity";
import { openAzureIdentity } from "../src/identity/azure-identity.ts";
import { MsalApps } from "../src/identity/msal-apps.ts";
import { VaultReads } from "../src/identity/vault-reads.ts";

/** What the runs of an instance share, so that a thousand tenants do not ask for it a thousand times. */
export interface Instance {
  /** Opens Key Vault, Storage and the queue. */
  readonly identity: TokenCredential;
  /** The credential of the app. */
  readonly vaultReads: VaultReads;
  /** Sign-ins, each for a run on the same tenant alone. */
  readonly msalApps: MsalApps;
}

let opened: Instance | undefined;

/** The same for every call in a process. */
export function instance(): Instance {
  opened ??= { identity: openAzureIdentity(), vaultReads: new VaultReads(), msalApps: new MsalApps() };
  return opened;
}
