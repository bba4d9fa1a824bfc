import { app, type InvocationContext } from "@azure/functions";
import { systemClock } from "../src/clock.ts";
import { asRollcallError, RollcallError } from "../src/error.ts";
import { forTenant, namesTenants } from "../src/settings/settings.ts";
import { TENANTS_QUEUE } from "../src/tenants/queue-name.ts";
import { readMessage, type TenantMessage } from "../src/tenants/tenant-message.ts";
import { instance } from "./instance.ts";
import { untilDone } from "./running.ts";
import { failedSummary, retryingSummary } from "./summary.ts";
import { takeAndTell } from "./take-and-tell.ts";

// An app for one tenant needs neither the queue nor the right to read it.
if (namesTenants(process.env)) {
  app.storageQueue("snapshot-tenant", {
    queueName: TENANTS_QUEUE,
    connection: "AzureWebJobsStorage",
    handler: (entry: unknown, context: InvocationContext) => untilDone(onMessage(entry, context)),
  });
}

/**
 * Takes the snapshot of one tenant for one night, unless there is one. A failed run fails the invocation: the host brings
 * the message back later, here or on another instance, and gives up after some times (host.json).
 */
async function onMessage(entry: unknown, context: InvocationContext): Promise<void> {
  const startedMs = systemClock.elapsed();
  const attempt = Number(context.triggerMetadata?.dequeueCount ?? 1);
  const message = messageIn(entry);
  if (message instanceof RollcallError) {
    // No attempt would make it better, so the host may take it out.
    context.error(JSON.stringify({ ...failedSummary(message, 0), attempt }));
    return;
  }
  const { tenant, slot } = message;
  const occasion = { slot: slot.toISOString(), attempt };
  try {
    await takeAndTell(forTenant(process.env, tenant), context, occasion, { slot, ...instance() });
  } catch (error) {
    const failure = asRollcallError(error);
    const ms = systemClock.elapsed() - startedMs;
    context.warn(JSON.stringify({ ...retryingSummary(tenant, failure, ms), ...occasion }));
    throw failure;
  }
}

function messageIn(entry: unknown): TenantMessage | RollcallError {
  try {
    return readMessage(entry, systemClock.now());
  } catch (error) {
    if (error instanceof RollcallError) return error;
    throw error;
  }
}
