import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "../../src/error.ts";
import {
  type Completeness,
  compareWithCounts,
  countWarnings,
  fewestAllowed,
  judgeCompleteness,
  ListingDisputed,
} from "../../src/snapshot/completeness.ts";

/** Judges a listing by two counts that say the same. */
function judge(listed: number, unique: number, counted: number | null): Completeness {
  return judgeCompleteness({ listed, unique, before: counted, after: counted });
}

/** Asserts that `fewest` users are enough where the directory counts `counted`, and one less is not. */
function assertBoundary(counted: number, fewest: number): void {
  assert.equal(judge(fewest, fewest, counted).verdict, "complete", `${fewest} of ${counted}`);
  assert.throws(
    () => judge(fewest - 1, fewest - 1, counted),
    (error) => error instanceof RollcallError && error.code === "listing-short",
    `${fewest - 1} of ${counted}`,
  );
}

describe("fewestAllowed", () => {
  it("forgives five users in a small directory and one in a thousand in a large one", () => {
    assert.equal(fewestAllowed(100), 95);
    assert.equal(fewestAllowed(5000), 4995);
    assert.equal(fewestAllowed(1_000_000), 999_000);
  });
});

describe("judgeCompleteness", () => {
  it("takes any listing for complete where up to five users are counted", () => {
    for (const counted of [0, 1, 5]) {
      assert.equal(judge(0, 0, counted).verdict, "complete", `0 of ${counted}`);
    }
  });

  it("holds to five users up to 5000", () => {
    assertBoundary(6, 1);
    assertBoundary(1000, 995);
    assertBoundary(4999, 4994);
    assertBoundary(5000, 4995);
  });

  it("holds to one in a thousand above, never rounding in favour of the listing", () => {
    assertBoundary(5001, 4996);
    assertBoundary(5999, 5994);
    assertBoundary(6000, 5994);
    assertBoundary(20_000, 19_980);
    assertBoundary(1_000_000, 999_000);
  });

  it("takes a listing that exceeds the counts by no more than the tolerance for complete", () => {
    assert.equal(judge(105, 105, 100).verdict, "complete");
    assert.equal(judge(20_020, 20_020, 20_000).verdict, "complete");
  });

  it("refuses counts that the listing exceeds by more: they prove nothing", () => {
    for (const [unique, counted] of [
      [106, 100],
      [20_021, 20_000],
      [9990, 0],
    ] as const) {
      assert.throws(
        () => judge(unique, unique, counted),
        (error) => error instanceof RollcallError && error.code === "count-contradicted",
        `${unique} of ${counted}`,
      );
    }
  });

  it("counts different users, not repeated ones", () => {
    assert.throws(
      () => judge(200, 94, 100),
      (error) => error instanceof RollcallError && error.code === "listing-short",
    );
  });

  it("records what it found", () => {
    assert.deepEqual(judge(20_001, 20_000, 20_000), {
      listed: 20_001,
      unique: 20_000,
      duplicates: 1,
      counted: 20_000,
      countedAfter: 20_000,
      countOffered: true,
      verdict: "complete",
    });
  });

  it("says so where there was nothing to compare with", () => {
    assert.deepEqual(judge(0, 0, null), {
      listed: 0,
      unique: 0,
      duplicates: 0,
      counted: null,
      countedAfter: null,
      countOffered: false,
      verdict: "uncounted",
    });
  });

  it("names both numbers when it refuses, and that nothing was published", () => {
    assert.throws(
      () => judge(100, 100, 20_000),
      (error) => {
        assert.ok(error instanceof RollcallError);
        assert.match(error.problem, /^100 different users were listed, but the directory counts 20000$/);
        assert.match(error.remedy, /Nothing was published/);
        return true;
      },
    );
  });
});

describe("judgeCompleteness with two counts that differ", () => {
  it("takes a directory that grew or shrank while it was listed for complete, where the listing is short of neither", () => {
    for (const [before, after] of [
      [1000, 1100],
      [1100, 1000],
      [0, 1100],
      [1100, 0],
    ] as const) {
      const completeness = judgeCompleteness({ listed: 1100, unique: 1100, before, after });
      assert.equal(completeness.verdict, "complete");
      assert.deepEqual([completeness.counted, completeness.countedAfter], [before, after]);
      assert.match(countWarnings(completeness).join(), /^count-moved: /);
    }
  });

  it("calls a listing disputed that is short of one of them only, whichever", () => {
    for (const [before, after] of [
      [1000, 1100],
      [1100, 1000],
      [0, 1100],
    ] as const) {
      assert.throws(
        () => judgeCompleteness({ listed: 1000, unique: 1000, before, after }),
        (error) => error instanceof ListingDisputed && error.code === "listing-short",
        `${before}, ${after}`,
      );
    }
  });

  it("refuses for good what is short of both, naming both", () => {
    assert.throws(
      () => judgeCompleteness({ listed: 900, unique: 900, before: 1000, after: 1100 }),
      (error) => {
        assert.ok(error instanceof RollcallError && !(error instanceof ListingDisputed));
        assert.match(error.problem, /counts 1000 before the listing and 1100 after it/);
        return true;
      },
    );
  });

  it("does with one of them", () => {
    const first = judgeCompleteness({ listed: 10, unique: 10, before: 10, after: null });
    assert.equal(first.verdict, "complete");
    const second = judgeCompleteness({ listed: 10, unique: 10, before: null, after: 10 });
    assert.deepEqual([second.counted, second.countedAfter, second.countOffered], [10, 10, true]);
    assert.deepEqual(countWarnings(second), []);
  });

  it("warns of more than five missing users, which the rule allows in a large directory", () => {
    assert.deepEqual(countWarnings(judge(19_995, 19_995, 20_000)), []);
    assert.match(countWarnings(judge(19_990, 19_990, 20_000)).join(), /^listing-nearly-short: 10 of 20000 /);
  });
});

describe("compareWithCounts", () => {
  it("is symmetrical in its counts, and never whole for a listing short of any", () => {
    for (const unique of [0, 50, 94, 95, 100, 105, 106, 1000]) {
      for (const one of [0, 90, 100, 110, 1000]) {
        for (const other of [0, 90, 100, 110, 1000]) {
          const comparison = compareWithCounts(unique, [one, other]);
          assert.equal(comparison, compareWithCounts(unique, [other, one]));
          if (unique < fewestAllowed(one) || unique < fewestAllowed(other))
            assert.notEqual(comparison, "whole");
        }
      }
    }
  });
});
