import type { TokenCredential } from "@azure/identity";
import { QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { MINUTE } from "../clock.ts";
import { RollcallError } from "../error.ts";
import { answerOf, NO_REDIRECTS, networkCodeOf } from "../identity/azure-answer.ts";
import { type Environment, present } from "../settings/setting.ts";
import { SettingsError } from "../settings/settings.ts";
import { TENANTS_QUEUE } from "./queue-name.ts";
import { formatMessage, type TenantMessage } from "./tenant-message.ts";

/** The host's own name of its storage, before what says where each service is. */
const CONNECTION = "AzureWebJobsStorage";
const MAX_TRIES = 5;
const RETRY_DELAY_MS = 500;
const TRY_TIMEOUT_MS = MINUTE;

/** The queue of a night. */
export interface TenantQueue {
  /**
   * Puts a message into it, which makes the queue if there is none.
   *
   * @throws {RollcallError} `queue-unusable`
   */
  send(message: TenantMessage): Promise<void>;
}

/**
 * Opens the queue in the storage of the Functions host, as the host's own settings name it.
 *
 * @param identity with the role "Storage Queue Data Contributor"
 * @throws {SettingsError} if they do not
 */
export function openTenantQueue(
  environment: Environment,
  identity: TokenCredential,
  signal: AbortSignal,
): TenantQueue {
  const queue = queueIn(environment, identity);
  const doing = `putting a message into the queue ${queue.name} of ${new URL(queue.url).origin}`;
  return {
    send: async (message) => {
      const text = formatMessage(message);
      try {
        await sendOrMake(queue, text, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw unusable(error, doing);
      }
    },
  };
}

/** Sends first: where a template has made the queue, a right to make queues is not needed. */
async function sendOrMake(queue: QueueClient, text: string, abortSignal: AbortSignal): Promise<void> {
  try {
    await queue.sendMessage(text, { abortSignal });
  } catch (error) {
    if (answerOf(error)?.status !== 404) throw error;
    await queue.createIfNotExists({ abortSignal });
    await queue.sendMessage(text, { abortSignal });
  }
}

function queueIn(environment: Environment, identity: TokenCredential): QueueClient {
  const options = {
    ...NO_REDIRECTS,
    retryOptions: { maxTries: MAX_TRIES, tryTimeoutInMs: TRY_TIMEOUT_MS, retryDelayInMs: RETRY_DELAY_MS },
  };
  const connectionString = present(environment[CONNECTION]);
  if (connectionString !== undefined) return new QueueClient(connectionString, TENANTS_QUEUE, options);
  const account = present(environment[`${CONNECTION}__accountName`]);
  const url =
    present(environment[`${CONNECTION}__queueServiceUri`]) ??
    (account && `https://${account}.queue.core.windows.net`);
  if (url && URL.canParse(url) && new URL(url).protocol === "https:") {
    return new QueueServiceClient(url, identity, options).getQueueClient(TENANTS_QUEUE);
  }
  const name = `${CONNECTION}__queueServiceUri`;
  const problem = `is missing or no https URL, and neither ${CONNECTION} nor ${CONNECTION}__accountName is set: several tenants need the host's queue`;
  throw new SettingsError([{ name, problem, example: "https://contosohost.queue.core.windows.net" }]);
}

function unusable(error: unknown, doing: string): RollcallError {
  const answer = answerOf(error);
  const isDenied = answer?.status === 401 || answer?.status === 403;
  const code = networkCodeOf(error);
  return new RollcallError("queue-unusable", {
    doing,
    problem: isDenied
      ? "the host's storage account refused the identity"
      : `the host's storage account did not take it${code === undefined ? "" : ` (${code})`}`,
    answer,
    remedy: isDenied
      ? 'Give it the role "Storage Queue Data Contributor" on the storage account of the Functions host; a new role takes minutes to work.'
      : "Check the queue service in AzureWebJobsStorage__queueServiceUri or __accountName, its firewall and DNS.",
  });
}
