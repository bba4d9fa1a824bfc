import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isNcrontab, nextRun } from "../../src/settings/ncrontab.ts";

/** A Tuesday. */
const NOW = new Date("2026-11-24T03:00:00Z");

// As NCrontab reads them, the library of the Functions host (https://github.com/atifaziz/NCrontab).
describe("nextRun", () => {
  for (const [schedule, next] of [
    ["0 0 2 * * *", "2026-11-25T02:00:00.000Z"],
    ["0 5/15 * * * *", "2026-11-24T03:05:00.000Z"],
    ["0 58/15 * * * *", "2026-11-24T03:58:00.000Z"],
    ["0 0-30/20 3 * * *", "2026-11-24T03:20:00.000Z"],
    ["0 0 2 * * Monday", "2026-11-30T02:00:00.000Z"],
    ["0 0 2 * january-Mar Sat-SATURDAY", "2027-01-02T02:00:00.000Z"],
    ["0 0 2 * * SUN/3", "2026-11-25T02:00:00.000Z"],
    ["0 0 02 29 2 *", "2028-02-29T02:00:00.000Z"],
  ] as const) {
    it(`knows when ${schedule} is due`, () => {
      assert.equal(nextRun(schedule, NOW)?.toISOString(), next);
    });
  }

  it("wants the day of the month and the day of the week to fit, not one of them", () => {
    assert.equal(nextRun("0 0 2 1 * MON", NOW)?.toISOString(), "2027-02-01T02:00:00.000Z");
    assert.equal(nextRun("0 0 2 1-31 * MON", NOW)?.toISOString(), "2026-11-30T02:00:00.000Z");
  });

  it("takes a step that is greater than the field, which leaves its first number", () => {
    assert.equal(nextRun("0 */90 * * * *", NOW)?.toISOString(), "2026-11-24T04:00:00.000Z");
    assert.equal(nextRun("0 0 2 * * 5/9", NOW)?.toISOString(), "2026-11-27T02:00:00.000Z");
  });
});

describe("isNcrontab", () => {
  it("refuses what is never due", () => {
    for (const schedule of ["0 0 2 30 2 *", "0 0 2 30 2 MON", "0 0 2 31 4,6 *"]) {
      assert.equal(isNcrontab(schedule), false, schedule);
    }
  });

  it("refuses a range that runs backwards, which the host would turn round", () => {
    for (const schedule of ["0 0 2 * * FRI-MON", "0 0 22-2 * * *"]) {
      assert.equal(isNcrontab(schedule), false, schedule);
    }
  });
});
