import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { placeOn, scaleFor } from "../../src/report/markup/scale.ts";

describe("scaleFor", () => {
  it("puts round numbers around the counts", () => {
    assert.deepEqual(scaleFor([19_990, 20_012]), {
      min: 19_990,
      max: 20_020,
      ticks: [19_990, 20_000, 20_010, 20_020],
    });
    assert.deepEqual(scaleFor([0, 7], true), { min: 0, max: 10, ticks: [0, 5, 10] });
  });

  it("holds every count, also one, none, and those that are all the same", () => {
    for (const counts of [[], [0], [1], [5, 5, 5], [20_000], [1_000_000, 999_999], [0, 1_000_000]]) {
      const scale = scaleFor(counts);
      assert.ok(scale.max > scale.min && scale.min >= 0);
      assert.ok(scale.ticks.length >= 2 && scale.ticks.length <= 8, `${counts}`);
      for (const count of counts) assert.ok(placeOn(scale, count) >= 0 && placeOn(scale, count) <= 1);
    }
  });
});
