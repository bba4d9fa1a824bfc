import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Strike } from "./storage-gate.ts";

/** When a process is killed: before a write, or after the storage has answered. */
export type StrikeAt = Pick<Strike, "write" | "moment">;

/**
 * The strike that kills a process at one of its writes.
 *
 * @param strikeAt absent: it is not killed
 * @param child the process, once it has been started
 */
export function killedAt(
  strikeAt: StrikeAt | undefined,
  child: () => ChildProcess | undefined,
): Strike | undefined {
  return (
    strikeAt && {
      ...strikeAt,
      run: async () => {
        const started = child();
        assert.ok(started);
        const exited = once(started, "exit");
        started.kill("SIGKILL");
        await exited;
      },
    }
  );
}
