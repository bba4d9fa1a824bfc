import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../src/clock.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

const GREEDY = { ROLLCALL_CONCURRENCY: "64", ROLLCALL_LISTING: "sliced" };

let storage: Storage;

before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function answersOf(rig: Rig, status: number): number {
  return rig.tenant.requests.filter((request) => request.service === "graph" && request.status === status)
    .length;
}

/** Asserts that nothing goes on behind the back of a run that has ended: no request, no timer. */
async function assertStill(rig: Rig): Promise<void> {
  const asked = rig.tenant.requests.length;
  await delay(500);
  assert.equal(rig.tenant.requests.length, asked);
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((kind) => kind === "Timeout"),
    [],
  );
}

describe("sixty-four requests at a time against a tight limit", () => {
  it("end in words when the time cannot do, after a handful of requests", async () => {
    await using rig = await startRig(storage, { users: 3000, throttle: { resourceUnitsPer10s: 1 } });
    const overrides = { ...GREEDY, ROLLCALL_TIME_BUDGET_MINUTES: "0.2" };
    const error = await rig.fails("graph-throttled", {
      settings: overrides,
      run: { clock: systemClock },
    });
    assert.match(error.message, /would exceed the run's time budget/);
    assert.ok(rig.tenant.requests.filter(({ service }) => service === "graph").length <= 4);
    await assertStill(rig);
  });

  it("list exactly, with few refusals, where it can", async () => {
    await using rig = await startRig(storage, { users: 3000, throttle: { resourceUnitsPer10s: 20 } });
    const overrides = { ...GREEDY, ROLLCALL_TIME_BUDGET_MINUTES: "3" };
    const { completeness } = await rig.run({
      settings: overrides,
      run: { clock: systemClock },
    });
    assert.equal(completeness.unique, rig.tenant.directory.size);
    // All that were under way at the moment of the first refusal, and no more.
    assert.ok(answersOf(rig, 429) <= 8, `${answersOf(rig, 429)} of ${answersOf(rig, 200)}`);
    await assertStill(rig);
  });

  // One that the timers of Node can hold, and one that overflows them and would come at once.
  for (const retryAfter of ["600", "3000000"]) {
    it(`leave nothing waiting when one is refused for good and others for ${retryAfter} s`, async () => {
      await using rig = await startRig(storage, { users: 12_000 });
      const isSliceCount = ({ path, query }: { path: string; query: URLSearchParams }) =>
        path.endsWith("$count") && query.has("$filter");
      rig.tenant.script({
        service: "graph",
        match: isSliceCount,
        after: 3,
        fault: { kind: "throttle", retryAfter },
      });
      rig.tenant.script({
        service: "graph",
        match: isSliceCount,
        after: 3,
        fault: { kind: "error", status: 403, code: "Authorization_RequestDenied" },
      });
      const overrides = { ...GREEDY, ROLLCALL_TIME_BUDGET_MINUTES: "1440" };
      await rig.run({ settings: overrides, run: { clock: systemClock } }).then(
        () => assert.fail("it committed"),
        () => undefined,
      );
      await assertStill(rig);
    });
  }
});
