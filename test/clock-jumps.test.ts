import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startClock } from "../src/clock.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { type Rig, startRig, startSharedStorage } from "./support/rig.ts";

/** Longer than the time limit of 25 minutes, shorter than the life of a token. */
const JUMP_MS = 30 * 60 * 1000;
const machineNow = Date.now;

let storage: Storage;
let rig: Rig;

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 2100 });
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

/** Sets this machine's clock, as far as this process sees it, until disposed. */
function setClock(byMs: number): Disposable {
  Date.now = () => machineNow() + byMs;
  return {
    [Symbol.dispose]: () => {
      Date.now = machineNow;
    },
  };
}

describe("a clock that is set while a run is at work", () => {
  for (const [how, byMs] of [
    ["ahead", JUMP_MS],
    ["back", -JUMP_MS],
  ] as const) {
    it(`${how}, costs the run nothing: it waits as long as Graph asks, and no longer`, async () => {
      using undo = new DisposableStack();
      rig.tenant.script({
        service: "graph",
        match: ({ page }) => page === 2,
        fault: { kind: "before", run: () => void undo.use(setClock(byMs)) },
      });
      // Held back by the pace and by the retry; then by a retry that the time limit must have room for.
      for (const page of [2, 3]) {
        const fault = { kind: "throttle", retryAfter: "1" } as const;
        rig.tenant.script({ service: "graph", match: (request) => request.page === page, fault });
      }
      const clock = startClock();
      const startedMs = performance.now();
      const { startedAt, finishedAt, completeness, source } = await rig.run({}, { clock });
      assert.equal(completeness.unique, rig.tenant.directory.size);
      assert.equal(source.throttled, 2);
      const ms = Date.parse(finishedAt) - Date.parse(startedAt);
      assert.ok(ms > 0 && ms <= performance.now() - startedMs + 1, String(ms));
    });
  }
});
