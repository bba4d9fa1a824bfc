import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labelled, wrap } from "../../src/cli/wrap.ts";
import {
  formatBytes,
  formatCount,
  formatDaysFrom,
  formatDuration,
  formatTime,
  plural,
} from "../../src/words/format.ts";

describe("format", () => {
  it("separates thousands", () => {
    assert.equal(formatCount(1234567), "1,234,567");
    assert.equal(plural(1, "user"), "1 user");
    assert.equal(plural(20001, "user"), "20,001 users");
    assert.equal(plural(2, "retry", "retries"), "2 retries");
  });

  it("says bytes in decimal units, with one decimal", () => {
    assert.equal(formatBytes(0), "0 B");
    assert.equal(formatBytes(999), "999 B");
    assert.equal(formatBytes(1_234_567), "1.2 MB");
    assert.equal(formatBytes(999_960), "1.0 MB");
    assert.equal(formatBytes(16 * 2 ** 30), "17.2 GB");
  });

  it("says times in UTC and to the minute", () => {
    assert.equal(formatTime("2026-11-22T02:00:31.123Z"), "2026-11-22 02:00 UTC");
  });

  it("says durations in seconds, then in minutes and seconds", () => {
    assert.equal(formatDuration(820), "0.8 s");
    assert.equal(formatDuration(192_000), "3 min 12 s");
  });

  it("counts the days until a date and since it", () => {
    const now = Date.parse("2026-11-22T02:00:00Z");
    assert.equal(formatDaysFrom(now, "2027-01-03T03:00:00Z"), "in 42 days");
    assert.equal(formatDaysFrom(now, "2026-11-22T20:00:00Z"), "within a day");
    assert.equal(formatDaysFrom(now, "2026-11-19T02:00:00Z"), "3 days ago");
  });
});

describe("wrap", () => {
  it("breaks at spaces and keeps long words whole", () => {
    assert.deepEqual(wrap("ab cd https://example.com/long ef", 6), [
      "ab cd",
      "https://example.com/long",
      "ef",
    ]);
  });

  it("keeps line breaks", () => {
    assert.deepEqual(wrap("one\ntwo three", 20), ["one", "two three"]);
  });
});

describe("labelled", () => {
  it("hangs the texts behind the longest label, within 80 columns", () => {
    const lines = labelled([
      ["what", "word ".repeat(30).trim()],
      ["do next", "rest"],
    ]);
    assert.ok(lines.every((line) => line.length <= 80));
    assert.match(lines[0] ?? "", /^ {2}what {5}word/);
    assert.match(lines[1] ?? "", /^ {11}word/);
    assert.equal(lines.at(-1), "  do next  rest");
  });
});
