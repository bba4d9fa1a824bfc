import { MINUTE, systemClock } from "../clock.ts";
import { openAzureIdentity } from "../identity/azure-identity.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { readReaderSettings } from "../settings.ts";
import { Snapshots } from "../snapshot/snapshots.ts";
import { type Container, openContainer } from "../storage/container.ts";
import type { Terminal } from "./terminal.ts";

/** Where the reading commands read. */
export interface ReadingPlace {
  readonly container: Container;
  /** Container name as configured. */
  readonly containerName: string;
  /** Directory id. */
  readonly tenantId: string;
  /** The tenant's snapshots in it. */
  readonly snapshots: Snapshots;
}

/**
 * Opens the container for reading. Needs no vault and no app registration.
 *
 * @throws {RollcallError} `settings-invalid`, and `tenant-not-found` where a domain is configured
 */
export async function openReadingPlace(terminal: Terminal): Promise<ReadingPlace> {
  const { signal } = terminal.io;
  const settings = readReaderSettings(terminal.environment());
  const tenantId = await resolveTenantId(settings.tenant, settings.cloud.authorityHost, {
    clock: systemClock,
    signal,
    deadlineMs: systemClock.elapsed() + MINUTE,
    proxy: settings.proxy,
  });
  const container = openContainer(settings.storage, settings.container, openAzureIdentity(), signal);
  const snapshots = new Snapshots(container, tenantId, signal);
  return { container, containerName: settings.container, tenantId, snapshots };
}
