import { MINUTE, systemClock } from "../clock.ts";
import { openAzureIdentity } from "../identity/azure-identity.ts";
import { readTenantsSettings } from "../settings/settings.ts";
import { openContainer } from "../storage/container.ts";
import { readTenantList, type TenantList } from "../tenants/tenant-list.ts";
import { type TenantStates, tenantStates } from "../tenants/tenant-state.ts";
import { environmentOf } from "./environment.ts";
import { ReadingProgress } from "./reading-progress.ts";
import type { Terminal } from "./terminal.ts";

/** For looking up the domains of all tenants. */
const LOOK_UP_WITHIN_MS = MINUTE;

/** All tenants of the settings, as they stand. */
export interface AllTenants extends TenantStates {
  readonly list: TenantList;
}

/**
 * Looks at all tenants of the settings. Needs no vault and no app registration.
 *
 * @param withinMs how old a snapshot may be
 * @param json whether programs read what the command writes
 * @throws {RollcallError} `settings-invalid`, `tenant-list-unusable`, and the storage's errors
 */
export async function lookAtTenants(
  terminal: Terminal,
  withinMs: number,
  json: boolean,
): Promise<AllTenants> {
  const { signal } = terminal.io;
  const { tenants, storage, container: name, cloud, proxy } = readTenantsSettings(environmentOf(terminal));
  using progress = new ReadingProgress(terminal, json);
  const container = openContainer(storage, name, openAzureIdentity(), signal, progress.count);
  const list = await readTenantList(tenants, container);
  const deadlineMs = systemClock.elapsed() + LOOK_UP_WITHIN_MS;
  const found = await tenantStates(list, {
    container,
    authorityHost: cloud.authorityHost,
    context: { clock: systemClock, signal, deadlineMs, proxy },
    nowMs: systemClock.now(),
    withinMs,
  });
  return { ...found, list };
}
