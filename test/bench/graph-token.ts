import { DefaultAzureCredential } from "@azure/identity";
import { MINUTE, systemClock } from "../../src/clock.ts";
import { openTokenSource } from "../../src/identity/token.ts";
import { openVault } from "../../src/identity/vault.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** A token for the clients that are no Rollcall. */
export async function graphToken(settings: Settings): Promise<string> {
  const context = {
    clock: systemClock,
    signal: AbortSignal.timeout(MINUTE),
    deadlineMs: performance.now() + MINUTE,
  };
  const vault = openVault(settings.vaultUrl, settings.credential, new DefaultAzureCredential(), context);
  await using tokens = openTokenSource(settings, { ...context, tenantId: settings.tenant, vault });
  return await tokens.get();
}
