import { Snapshots } from "../archive/snapshots.ts";
import { MINUTE, systemClock } from "../clock.ts";
import { asRollcallError } from "../error.ts";
import { openAzureIdentity } from "../identity/azure-identity.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { readReaderSettings } from "../settings/settings.ts";
import { type Container, openContainer } from "../storage/container.ts";
import { plural } from "../words/format.ts";
import { environmentOf } from "./environment.ts";
import type { Terminal } from "./terminal.ts";

/** Where the reading commands read. */
export interface ReadingPlace {
  /** Container name as configured. */
  readonly containerName: string;
  /** The tenant's snapshots in it. */
  readonly snapshots: Snapshots;
}

/** A tenant's folder in a container. */
export interface TenantPlace {
  /** Container name as configured. */
  readonly containerName: string;
  readonly container: Container;
  /** Directory id, even if a domain was given. */
  readonly tenantId: string;
}

/**
 * Opens the container for reading. Needs no vault and no app registration.
 *
 * @throws {RollcallError} `settings-invalid`, and `tenant-not-found` where a domain is configured
 */
export async function openReadingPlace(terminal: Terminal): Promise<ReadingPlace> {
  const { containerName, container, tenantId } = await openTenantPlace(terminal);
  return { containerName, snapshots: new Snapshots(container, tenantId, terminal.io.signal) };
}

/** As {@link openReadingPlace}, for a command that does more than to read. */
export async function openTenantPlace(terminal: Terminal): Promise<TenantPlace> {
  const { signal } = terminal.io;
  const settings = readReaderSettings(environmentOf(terminal));
  const tenantId = await resolveTenantId(settings.tenant, settings.cloud.authorityHost, {
    clock: systemClock,
    signal,
    deadlineMs: systemClock.elapsed() + MINUTE,
    proxy: settings.proxy,
  });
  const container = openContainer(settings.storage, settings.container, openAzureIdentity(), signal);
  return { containerName: settings.container, container, tenantId };
}

/** Ids of the runs, newest first. A container that does not exist yet holds none. */
export async function runsOrNone(snapshots: Snapshots): Promise<readonly string[]> {
  try {
    return await snapshots.runs();
  } catch (error) {
    if (isNoContainer(error)) return [];
    throw error;
  }
}

/** Whether something failed because the container does not exist yet. */
export function isNoContainer(error: unknown): boolean {
  return asRollcallError(error).answer?.code === "ContainerNotFound";
}

/**
 * Says why there is nothing to show.
 *
 * @param stored how many runs there are, outside of the range that was asked for
 */
export function noRuns({ tenantId }: Snapshots, containerName: string, stored: number): string {
  const where = `of tenant ${tenantId}`;
  return stored === 0
    ? `No snapshot ${where} yet in container ${containerName}.`
    : `None of the ${plural(stored, "snapshot")} ${where} in container ${containerName} is in this range.`;
}
