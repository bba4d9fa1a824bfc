import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { progressLine } from "../../src/cli/progress-line.ts";

describe("progressLine", () => {
  it("tells users, share, speed and retries", () => {
    assert.equal(
      progressLine(
        { phase: "list", users: 12345, counted: 20001, slicesDone: 0, slices: 0, retries: 2 },
        10_000,
      ),
      "12,345 of 20,001 users  61%  1,235 users/s  7 s left  2 retries",
    );
  });

  it("tells how many slices are done, and the time left", () => {
    const listing = { phase: "list", counted: 200_000, slices: 213, slicesDone: 17, retries: 0 } as const;
    assert.equal(
      progressLine({ ...listing, users: 20_000 }, 10_000),
      "20,000 of 200,000 users  10%  2,000 users/s  slice 17 of 213  2 min left",
    );
  });

  it("says nothing of retries when there were none", () => {
    assert.equal(
      progressLine({ phase: "list", users: 999, counted: 2000, slicesDone: 0, slices: 0, retries: 0 }, 1000),
      "999 of 2,000 users  49%  999 users/s  2 s left",
    );
  });

  it("tells no share where the tenant offers no count", () => {
    assert.equal(
      progressLine({ phase: "list", users: 999, counted: null, slicesDone: 0, slices: 0, retries: 1 }, 1000),
      "999 users  999 users/s  1 retry",
    );
  });

  it("does not exceed 100% when the directory grows meanwhile", () => {
    assert.match(
      progressLine({ phase: "list", users: 2001, counted: 2000, slicesDone: 0, slices: 0, retries: 0 }, 1000),
      / 100% /,
    );
  });

  it("tells no speed before there is a time to measure it by", () => {
    assert.equal(
      progressLine({ phase: "list", users: 0, counted: 10, slicesDone: 0, slices: 0, retries: 0 }, 0),
      "0 of 10 users  0%",
    );
  });

  it("names the other phases in words", () => {
    assert.equal(progressLine({ phase: "commit" }, 0), "Committing the snapshot");
  });
});
