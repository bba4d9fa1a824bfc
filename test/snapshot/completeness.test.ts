import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "../../src/error.ts";
import { fewestAllowed, judgeCompleteness } from "../../src/snapshot/completeness.ts";

/** Asserts that `fewest` users are enough where the directory counts `counted`, and one less is not. */
function assertBoundary(counted: number, fewest: number): void {
  assert.equal(judgeCompleteness(fewest, fewest, counted).verdict, "complete", `${fewest} of ${counted}`);
  assert.throws(
    () => judgeCompleteness(fewest - 1, fewest - 1, counted),
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
      assert.equal(judgeCompleteness(0, 0, counted).verdict, "complete", `0 of ${counted}`);
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

  it("takes a listing with more users than were counted for complete", () => {
    assert.equal(judgeCompleteness(120, 120, 100).verdict, "complete");
  });

  it("counts different users, not repeated ones", () => {
    assert.throws(
      () => judgeCompleteness(200, 94, 100),
      (error) => error instanceof RollcallError && error.code === "listing-short",
    );
  });

  it("records what it found", () => {
    assert.deepEqual(judgeCompleteness(20_001, 20_000, 20_000), {
      listed: 20_001,
      unique: 20_000,
      duplicates: 1,
      counted: 20_000,
      verdict: "complete",
    });
  });

  it("says so where there was nothing to compare with", () => {
    assert.deepEqual(judgeCompleteness(0, 0, null), {
      listed: 0,
      unique: 0,
      duplicates: 0,
      counted: null,
      verdict: "uncounted",
    });
  });

  it("names both numbers when it refuses, and that nothing was published", () => {
    assert.throws(
      () => judgeCompleteness(100, 100, 20_000),
      (error) => {
        assert.ok(error instanceof RollcallError);
        assert.match(error.problem, /^100 different users were listed, but the directory counts 20000$/);
        assert.match(error.remedy, /Nothing was published/);
        return true;
      },
    );
  });
});
