import type { InvocationContext, Timer } from "@azure/functions";
import { MINUTE, systemClock } from "../src/clock.ts";
import { RollcallError } from "../src/error.ts";
import { forTenant, readSettings, readTenantsSettings } from "../src/settings/settings.ts";
import { openContainer } from "../src/storage/container.ts";
import { eachOf } from "../src/tenants/each-of.ts";
import { openTenantQueue } from "../src/tenants/host-queue.ts";
import { planNight, slotOf } from "../src/tenants/night.ts";
import { readTenantList } from "../src/tenants/tenant-list.ts";
import { instance } from "./instance.ts";
import { terminated } from "./running.ts";
import { queuedSummary, type Summary } from "./summary.ts";
import { takeAndTell } from "./take-and-tell.ts";

/** For looking up domains: a tenant whose domain is not known by then is the worker's to look up. */
const LOOK_UP_WITHIN_MS = 2 * MINUTE;

/**
 * Puts a message for each tenant into the queue, for the same slot however often it is called for a night. A single tenant
 * needs no queue: its snapshot is taken at once.
 */
export async function startNight(timer: Timer, context: InvocationContext, occasion: Summary): Promise<void> {
  const { identity } = instance();
  const settings = readTenantsSettings(process.env);
  const { storage, container: name, cloud, proxy } = settings;
  const container = openContainer(storage, name, identity, terminated);
  const list = await readTenantList(settings.tenants, container);
  const [first] = list.tenants;
  // What is wrong for all of them is told now and once.
  if (first) readSettings(forTenant(process.env, first.tenant));
  const deadlineMs = systemClock.elapsed() + LOOK_UP_WITHIN_MS;
  const lookup = { clock: systemClock, signal: terminated, deadlineMs, proxy };
  const night = await planNight(list, cloud.authorityHost, lookup);
  for (const warning of night.warnings) context.warn(warning);

  const slot = slotOf(timer.scheduleStatus?.next, systemClock.now());
  const [only, ...others] = night.tenants;
  if (only !== undefined && others.length === 0) {
    return await takeAndTell(forTenant(process.env, only), context, occasion, { slot });
  }
  const queue = openTenantQueue(process.env, identity, terminated);
  const outcomes = await eachOf(night.tenants, (tenant) => settled(queue.send({ tenant, slot })));
  const failures = outcomes.filter((outcome) => outcome instanceof RollcallError);
  const [failure] = failures;
  if (failure) throw partly(failure, failures.length, outcomes.length);
  context.log(JSON.stringify({ ...queuedSummary(night, list.disabled.length, slot), ...occasion }));
}

async function settled(sending: Promise<void>): Promise<RollcallError | undefined> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    if (error instanceof RollcallError && error.code === "queue-unusable") return error;
    throw error;
  }
}

/** The others are in the queue; all are put there again when the host calls again, and none is taken twice. */
function partly(failure: RollcallError, failed: number, all: number): RollcallError {
  const { code, doing, problem, answer, remedy } = failure;
  return new RollcallError(code, {
    doing,
    problem: `${problem}, for ${failed} of ${all} tenants`,
    answer,
    remedy,
  });
}
