import { DefaultAzureCredential } from "@azure/identity";
import { MINUTE, systemClock } from "../../src/clock.ts";
import { openTokenSource } from "../../src/identity/token.ts";
import type { Settings } from "../../src/settings/settings.ts";

/** A token for the clients that are no Rollcall. */
export async function graphToken(settings: Settings): Promise<string> {
  const context = {
    clock: systemClock,
    signal: AbortSignal.timeout(MINUTE),
    deadlineMs: performance.now() + MINUTE,
  };
  const identity = new DefaultAzureCredential();
  await using tokens = openTokenSource(settings, { ...context, tenantId: settings.tenant, identity });
  return await tokens.get();
}
