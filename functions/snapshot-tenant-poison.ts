import { app, type InvocationContext } from "@azure/functions";
import { systemClock } from "../src/clock.ts";
import { asRollcallError } from "../src/error.ts";
import { namesTenants } from "../src/settings/settings.ts";
import { GIVEN_UP_QUEUE } from "../src/tenants/queue-name.ts";
import { readMessage } from "../src/tenants/tenant-message.ts";
import { instance } from "./instance.ts";
import { terminated, untilDone } from "./running.ts";
import { failedSummary, givenUpSummary, type Summary } from "./summary.ts";

if (namesTenants(process.env)) {
  app.storageQueue("snapshot-tenant-poison", {
    queueName: GIVEN_UP_QUEUE,
    connection: "AzureWebJobsStorage",
    handler: (entry: unknown, context: InvocationContext) => untilDone(onGivenUp(entry, context)),
  });
}

/** Tells of a message that the host has given up on in one line. Never fails: there is no queue behind this one. */
async function onGivenUp(entry: unknown, context: InvocationContext): Promise<void> {
  const summary = await summaryOf(entry);
  const line = JSON.stringify(summary);
  if (summary.outcome === "failed") context.error(line);
  else context.log(line);
}

async function summaryOf(entry: unknown): Promise<Summary> {
  try {
    const message = readMessage(entry, systemClock.now());
    const { findOutcome } = await import("../src/tenants/given-up.ts");
    const outcome = await findOutcome(process.env, message, instance().identity, terminated);
    return givenUpSummary(message, outcome);
  } catch (error) {
    return failedSummary(asRollcallError(error), 0);
  }
}
