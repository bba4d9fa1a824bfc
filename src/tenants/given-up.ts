import type { TokenCredential } from "@azure/identity";
import { type LastFailure, Snapshots } from "../archive/snapshots.ts";
import { MINUTE, systemClock } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { resolveTenantId } from "../identity/tenant-id.ts";
import { type Environment, forTenant, readReaderSettings } from "../settings/settings.ts";
import { beganSince } from "../snapshot/layout.ts";
import { openContainer } from "../storage/container.ts";
import type { TenantMessage } from "./tenant-message.ts";

/** What became of a tenant whose message the host has given up on. */
export type GivenUp =
  /** There is a snapshot all the same: another worker took it. */
  | { readonly runId: string }
  /** Why its last run failed; `undefined` where that is not known, as of a worker that was killed. */
  | { readonly failure: LastFailure | RollcallError | undefined };

/** Looks for what a tenant's runs have left behind. A container that does not answer is an answer, too. */
export async function findOutcome(
  environment: Environment,
  { tenant, slot }: TenantMessage,
  identity: TokenCredential,
  signal: AbortSignal,
): Promise<GivenUp> {
  try {
    const { cloud, storage, container, proxy } = readReaderSettings(forTenant(environment, tenant));
    const deadlineMs = systemClock.elapsed() + MINUTE;
    const context = { clock: systemClock, signal, deadlineMs, proxy };
    const tenantId = await resolveTenantId(tenant, cloud.authorityHost, context);
    const snapshots = new Snapshots(openContainer(storage, container, identity, signal), tenantId, signal);
    const [newest] = await snapshots.runs();
    if (newest !== undefined && beganSince(newest, slot)) return { runId: newest };
    const lastRun = await snapshots.lastRun();
    const isOfTheNight = lastRun && Date.parse(lastRun.finishedAt) >= slot.getTime();
    return { failure: (isOfTheNight && lastRun.failure) || undefined };
  } catch (error) {
    if (error instanceof RollcallError) return { failure: error };
    throw error;
  }
}
