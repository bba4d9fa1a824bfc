import type { TokenCredential } from "@azure/identity";
import type { RunContext } from "../deadline.ts";
import { asIdentityError } from "../identity/azure-answer.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { holderInWords, isUsersToken, readClaims } from "../identity/token-claims.ts";
import { nextRun } from "../settings/ncrontab.ts";
import { type Environment, readSettings, type Settings } from "../settings/settings.ts";
import { formatTime } from "../words/format.ts";
import type { Passed, PassedWith } from "./check.ts";

/** Whether all settings of a run are present and well formed. */
export function checkSettings(load: () => Environment): PassedWith<Settings> {
  const settings = readSettings(load());
  const { credential, storage, container } = settings;
  const place = storage.kind === "identity" ? storage.url : "local storage";
  const signIn = "vaultUrl" in credential ? `vault ${credential.vaultUrl}` : `credential ${credential.kind}`;
  return { value: settings, detail: `${signIn}, container ${container} in ${place}` };
}

/** Whether the authority knows the tenant. Only a configured domain is looked up. */
export async function checkTenant(
  { tenant, cloud }: Settings,
  context: RunContext,
): Promise<PassedWith<{ readonly id: string }>> {
  const id = await resolveTenantId(tenant, cloud.authorityHost, context);
  return { value: { id }, detail: id === tenant ? id : `${tenant} is ${id}` };
}

/** Whether there is an identity that can call Key Vault, or Storage where there is no vault, and which one. */
export async function checkIdentity(
  { cloud, credential, signingKey }: Settings,
  identity: TokenCredential,
  signal: AbortSignal,
): Promise<PassedWith<TokenCredential>> {
  const needsVault = "vaultUrl" in credential || signingKey !== undefined;
  const doing = `getting a token for ${needsVault ? "Key Vault" : "Storage"}`;
  const host = needsVault ? cloud.vaultSuffix.slice(1) : "storage.azure.com";
  try {
    const token = await identity.getToken(`https://${host}/.default`, { abortSignal: signal });
    const holder = holderInWords(token ? readClaims(token.token) : undefined);
    const whose = token && isUsersToken(token.token) ? NOT_THE_FUNCTION : "";
    return { value: identity, detail: `${holder}${whose}` };
  } catch (error) {
    throw asIdentityError(error, doing) ?? error;
  }
}

const NOT_THE_FUNCTION = "; that user's roles are checked here, and a run in Azure tests the Function's";

/** When the timer will run next. */
export function checkSchedule({ schedule }: Settings, nowMs: number): Passed {
  if (schedule === undefined) {
    return { detail: "ROLLCALL_SCHEDULE is not set; only the Function app needs it" };
  }
  const next = nextRun(schedule, new Date(nowMs));
  const time = next === undefined ? "never" : `at ${formatTime(next.toISOString())}`;
  return { detail: `${schedule}: next ${time}` };
}
