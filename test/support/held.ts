import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a process holds on to. */
export interface Held {
  /** Live objects in V8's heap, in bytes. */
  readonly heapBytes: number;
  /** Buffers outside of the heap, in bytes. */
  readonly externalBytes: number;
  /** Sockets, timers, pipes and the like, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** Listeners on the signals and events of the process. */
  readonly listeners: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Collects garbage, and tells what is left. */
export async function heldAfterCollection(): Promise<Held> {
  for (let times = 0; times < 5; times++) {
    collectGarbage();
    // Finalizers run between turns of the event loop, and free what the next collection finds.
    await delay(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { heapBytes: heapUsed, externalBytes: external, handles, listeners };
}
