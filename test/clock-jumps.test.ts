import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { verifyChain } from "../src/archive/chain.ts";
import { DAY, MINUTE } from "../src/clock.ts";
import type { Fault } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { readingSide } from "./support/aftermath.ts";
import { startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { TestClock } from "./support/test-clock.ts";

let storage: Storage;

before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["is throttled", { kind: "throttle", retryAfter: "20" }],
  ["meets a passing fault", { kind: "error", status: 503, code: "serviceNotAvailable" }],
];

describe("a run whose machine's clock is set while it is under way", () => {
  for (const [where, jumpMs] of [
    ["a day ahead", DAY],
    ["a day back", -DAY],
  ] as const) {
    for (const [what, fault] of FAULTS) {
      it(`${where}, and which ${what} then, waits as long as it should and commits`, async () => {
        await using rig = await startRig(storage, { users: 2500 });
        rig.tenant.script({
          service: "graph",
          match: ({ page }) => page === 2,
          fault: { kind: "before", run: () => rig.clock.set(Date.now() + jumpMs) },
        });
        rig.tenant.script({ service: "graph", match: ({ page }) => page === 2, fault });
        const { completeness, startedAt, finishedAt } = await rig.run();
        assert.equal(completeness.unique, rig.tenant.directory.size);
        assert.ok(rig.clock.waitsMs.reduce((one, other) => one + other, 0) <= MINUTE);
        const tookMs = Date.parse(finishedAt) - Date.parse(startedAt);
        assert.ok(tookMs >= 0 && tookMs <= MINUTE, `${tookMs}`);
      });
    }
  }
});

describe("a run whose machine's clock is behind that of the last run, by less than is refused", () => {
  it("is still the later of the two: it moves latest.json, and the chain holds", async () => {
    await using rig = await startRig(storage, { users: 40 });
    const first = await rig.run();
    rig.tenant.directory.add();
    const second = await rig.take({ run: { clock: new TestClock(Date.now() - 3 * MINUTE) } });
    const { runId, previous, startedAt, finishedAt } = second.manifest;
    assert.ok(runId > first.runId);
    assert.ok(finishedAt >= startedAt);
    assert.equal(previous?.runId, first.runId);
    assert.deepEqual(second.warnings, []);
    const third = await rig.run();
    assert.equal(third.previous?.runId, runId);
    const { problems, runs } = await verifyChain(readingSide(rig, storage), third.tenantId);
    assert.deepEqual([problems, runs], [[], 3]);
  });
});
