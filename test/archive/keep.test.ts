import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { keptBy } from "../../src/archive/keep.ts";
import { DAY, MINUTE } from "../../src/clock.ts";
import { KEEP_UNITS, type KeepRules, type KeepUnit } from "../../src/settings/keep-rules.ts";
import { runFolder, runTimeMs } from "../../src/snapshot/layout.ts";

const RUNS = 2000;

function idAt(timeMs: number): string {
  return runFolder("5a4b0f1e-1111-4222-8333-0000000000a1", new Date(timeMs)).runId;
}

/** Runs of a few years, several a day and none for weeks, newest first. */
const runs = fc
  .uniqueArray(fc.integer({ min: 0, max: 4 * 365 * 4 }), { minLength: 1, maxLength: 60 })
  .map((quarters) =>
    quarters
      .map((quarter) => idAt(Date.UTC(2023, 11, 20) + quarter * 360 * MINUTE))
      .sort()
      .reverse(),
  );

const rules: fc.Arbitrary<KeepRules> = fc
  .dictionary(fc.constantFrom(...KEEP_UNITS), fc.integer({ min: 1, max: 8 }), { minKeys: 1 })
  .map((counts) => ({ ...counts }));

/** The number of an ISO week, by its own definition: week 1 has the year's first Thursday. */
function isoWeek(date: Date): string {
  const thursday = new Date(date);
  while (thursday.getUTCDay() !== 4) {
    const isBefore = (date.getUTCDay() + 6) % 7 < 3;
    thursday.setUTCDate(thursday.getUTCDate() + (isBefore ? 1 : -1));
  }
  const year = thursday.getUTCFullYear();
  let week = 0;
  for (const day = new Date(Date.UTC(year, 0, 1)); day <= thursday; day.setUTCDate(day.getUTCDate() + 1)) {
    if (day.getUTCDay() === 4) week++;
  }
  return `${year} week ${week}`;
}

function spanOf(unit: KeepUnit, runId: string): string {
  const date = new Date(runTimeMs(runId));
  switch (unit) {
    case "last":
      return runId;
    case "daily":
      return date.toISOString().slice(0, 10);
    case "weekly":
      return isoWeek(date);
    case "monthly":
      return `${date.getUTCFullYear()} ${date.getUTCMonth()}`;
    case "yearly":
      return String(date.getUTCFullYear());
  }
}

/** The rules once more, plain and slow: whether one run is kept, asked of each by itself. */
function isKept(runId: string, all: readonly string[], unit: KeepUnit, count: number): boolean {
  const own = spanOf(unit, runId);
  const isNewestOfIts = !all.some((other) => other > runId && spanOf(unit, other) === own);
  const newer = new Set(all.filter((other) => other > runId).map((other) => spanOf(unit, other)));
  newer.delete(own);
  return isNewestOfIts && newer.size < count;
}

describe("rules for what to keep", () => {
  it("keep what a plain restatement keeps, each for its reasons", () => {
    fc.assert(
      fc.property(runs, rules, (all, given) => {
        const kept = keptBy(all, given);
        for (const runId of all) {
          const reasons = KEEP_UNITS.filter((unit) => isKept(runId, all, unit, given[unit] ?? 0));
          assert.deepEqual(kept.get(runId) ?? [], reasons, runId);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("never want back what they let go of, however often they are applied on the way", () => {
    fc.assert(
      fc.property(runs, rules, fc.array(fc.boolean()), (all, given, prunes) => {
        let stored: string[] = [];
        [...all].reverse().forEach((runId, at) => {
          stored = [runId, ...stored];
          const kept = keptBy(stored, given);
          if (prunes[at] ?? true) stored = stored.filter((other) => kept.has(other));
        });
        for (const runId of keptBy(all, given).keys()) assert.ok(stored.includes(runId), runId);
      }),
      { numRuns: RUNS },
    );
  });

  it("keep the newest, whatever they are", () => {
    fc.assert(
      fc.property(runs, rules, (all, given) => {
        assert.ok(keptBy(all, given).has(all[0] ?? ""));
      }),
    );
  });

  it("know weeks from Monday to Sunday, across the turn of a year", () => {
    const days = Array.from({ length: 14 }, (_, day) => idAt(Date.UTC(2026, 11, 24) + day * DAY)).reverse();
    assert.deepEqual(
      [...keptBy(days, { weekly: 3 }).keys()],
      ["20270106T000000Z", "20270103T000000Z", "20261227T000000Z"],
    );
  });

  it("count days that have a snapshot, not days of the calendar", () => {
    const seldom = ["20261101T020000Z", "20260301T140000Z", "20260301T020000Z", "20240101T020000Z"];
    assert.deepEqual(
      [...keptBy(seldom, { daily: 3 })],
      [
        ["20261101T020000Z", ["daily"]],
        ["20260301T140000Z", ["daily"]],
        ["20240101T020000Z", ["daily"]],
      ],
    );
  });
});
