import { setTimeout as delay } from "node:timers/promises";
import {
  type DequeuedMessageItem,
  QueueServiceClient,
  StorageSharedKeyCredential,
} from "@azure/storage-queue";
import type { LogLine, RegisteredFunction } from "./functions-worker.ts";
import { ACCOUNT, ACCOUNT_KEY } from "./storage.ts";

/** Options of {@link runQueues}. */
export interface QueueHostOptions {
  /** Functions with a queue trigger; others are left alone. */
  readonly functions: readonly RegisteredFunction[];
  /** Messages that are taken at once; 2 by default, as in host.json. */
  readonly batchSize?: number;
  /** Messages under way, at the most, when more are taken; 2 by default, as in host.json. */
  readonly newBatchThreshold?: number;
  /** Deliveries of a message before it is given up on; 4 by default, as in host.json. */
  readonly maxDequeueCount?: number;
  /** Seconds after which the message of a failed invocation comes back; 1 by default. */
  readonly retrySeconds?: number;
  /** Seconds after which the message of a worker that died comes back; 60 by default. */
  readonly hiddenSeconds?: number;
  /** Told each line that a function logs. */
  readonly onLog?: (line: LogLine, functionName: string) => void;
}

const POLL_EVERY_MS = 100;

/**
 * Does what the Functions host does for queue triggers, until all of the queues are empty: hides a message while it is worked
 * on, deletes it when that went well, shows it again when it did not, and moves it to the poison queue when that was too often
 * (azure-webjobs-sdk, `QueueProcessor`).
 *
 * @param url of the emulator's queue service
 */
export async function runQueues(url: string, options: QueueHostOptions): Promise<void> {
  const {
    maxDequeueCount = 4,
    batchSize = 2,
    newBatchThreshold = 2,
    retrySeconds = 1,
    hiddenSeconds = 60,
    onLog = () => undefined,
  } = options;
  const service = new QueueServiceClient(url, new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY));
  const listened = options.functions.flatMap((triggered) => {
    const binding = Object.values(triggered.bindings).find(({ type }) => type === "queueTrigger");
    if (!binding) return [];
    return [{ triggered, queueName: String(binding.queueName), underway: new Set<Promise<void>>() }];
  });
  for (const { queueName } of listened) await service.getQueueClient(queueName).createIfNotExists();

  for (;;) {
    const counts = await Promise.all(listened.map(takeBatch));
    if (counts.some((count) => count > 0)) continue;
    const underway = listened.flatMap((queue) => [...queue.underway]);
    if (underway.length === 0 && !(await hasMessages())) return;
    await Promise.race([...underway, delay(POLL_EVERY_MS)]);
  }

  /** Takes a few more, unless enough are under way. */
  async function takeBatch({ triggered, queueName, underway }: (typeof listened)[number]): Promise<number> {
    if (underway.size > newBatchThreshold) return 0;
    const queue = service.getQueueClient(queueName);
    const { receivedMessageItems: messages } = await queue.receiveMessages({
      numberOfMessages: batchSize,
      visibilityTimeout: hiddenSeconds,
    });
    for (const message of messages) {
      const taken = take(triggered, queueName, message).finally(() => underway.delete(taken));
      underway.add(taken);
    }
    return messages.length;
  }

  async function take(
    triggered: RegisteredFunction,
    queueName: string,
    message: DequeuedMessageItem,
  ): Promise<void> {
    const queue = service.getQueueClient(queueName);
    let receipt = message.popReceipt;
    const hide = async (seconds: number) => {
      const { popReceipt } = await queue.updateMessage(message.messageId, receipt, undefined, seconds);
      receipt = popReceipt ?? receipt;
    };
    const { messageText: text, dequeueCount } = message;
    if (dequeueCount <= maxDequeueCount) {
      await using _ = repeatedly(() => hide(hiddenSeconds), (hiddenSeconds * 1000) / 2);
      const { logs, error } = await triggered.invokeQueue({ text, dequeueCount });
      for (const line of logs) onLog(line, triggered.name);
      if (error === undefined)
        return void (await queue.deleteMessage(message.messageId, receipt).catch(() => undefined));
      if (dequeueCount < maxDequeueCount) return await hide(retrySeconds).catch(() => undefined);
    }
    if (!queueName.endsWith("-poison")) {
      const poison = service.getQueueClient(`${queueName}-poison`);
      await poison.createIfNotExists();
      await poison.sendMessage(text);
    }
    await queue.deleteMessage(message.messageId, receipt).catch(() => undefined);
  }

  async function hasMessages(): Promise<boolean> {
    for (const { queueName } of listened) {
      const { approximateMessagesCount = 0 } = await service.getQueueClient(queueName).getProperties();
      if (approximateMessagesCount > 0) return true;
    }
    return false;
  }
}

/** Does something again and again, and never twice at a time, until disposed; then nothing of it is under way. */
function repeatedly(work: () => Promise<void>, everyMs: number): AsyncDisposable {
  let last: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    last = last.then(work).catch(() => undefined);
  }, everyMs);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await last;
    },
  };
}
