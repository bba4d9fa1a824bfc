import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FailedAttempt, MAX_ATTEMPTS, retryAfterMs, retryDelayMs } from "../../src/http/retry-delay.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 2, 0, 0);

function status(status: number, retryAfter?: string): FailedAttempt {
  return { kind: "status", status, retryAfter };
}

function delayAfter(failed: FailedAttempt, tries: number, random = 0.5): number | undefined {
  return retryDelayMs(failed, tries, NOW_MS, random);
}

describe("retryAfterMs", () => {
  it("reads whole seconds", () => {
    assert.equal(retryAfterMs("120", NOW_MS), 120_000);
  });

  it("reads fractional seconds, never rounding down", () => {
    assert.equal(retryAfterMs("2.128", NOW_MS), 2128);
    assert.equal(retryAfterMs("0.0001", NOW_MS), 1);
  });

  it("reads zero as no wait", () => {
    assert.equal(retryAfterMs("0", NOW_MS), 0);
  });

  it("reads a date as the time until then", () => {
    assert.equal(retryAfterMs("Sun, 22 Nov 2026 02:00:30 GMT", NOW_MS), 30_000);
  });

  it("reads a date that has passed as no wait", () => {
    assert.equal(retryAfterMs("Sun, 22 Nov 2026 01:59:00 GMT", NOW_MS), 0);
  });

  it("ignores blanks around the value", () => {
    assert.equal(retryAfterMs(" 7\t", NOW_MS), 7000);
  });

  it("says nothing about a missing or empty header", () => {
    assert.equal(retryAfterMs(undefined, NOW_MS), undefined);
    assert.equal(retryAfterMs("", NOW_MS), undefined);
    assert.equal(retryAfterMs("  ", NOW_MS), undefined);
  });

  it("says nothing about words", () => {
    for (const garbage of ["soon", "5s", "120 seconds", "1e3", "NaN", "Infinity", "<html>"]) {
      assert.equal(retryAfterMs(garbage, NOW_MS), undefined, garbage);
    }
  });

  // JavaScript's lenient date parser makes dates of the year 2001 out of these: a wait of nothing, on and on.
  it("says nothing about garbage with a number in it", () => {
    for (const garbage of ["-5", "+5", "1,5", "abc 1", "later 3"]) {
      assert.equal(retryAfterMs(garbage, NOW_MS), undefined, garbage);
    }
  });
});

describe("retryDelayMs", () => {
  describe("for a throttled request", () => {
    it("waits exactly as long as the server says", () => {
      assert.equal(delayAfter(status(429, "17"), 1), 17_000);
      assert.equal(delayAfter(status(429, "2.128"), 1), 2128);
      assert.equal(delayAfter(status(429, "Sun, 22 Nov 2026 02:05:00 GMT"), 1), 300_000);
    });

    it("waits longer than its own cap when the server says so", () => {
      assert.equal(delayAfter(status(429, "600"), 1), 600_000);
    });

    it("tries on and on", () => {
      assert.equal(delayAfter(status(429, "17"), 1000), 17_000);
      assert.notEqual(delayAfter(status(429), 1000), undefined);
    });

    it("backs off by itself where the header is missing or unreadable", () => {
      assert.equal(delayAfter(status(429), 1), 750);
      assert.equal(delayAfter(status(429, "soon"), 1), 750);
    });
  });

  describe("for a status that passes", () => {
    for (const code of [408, 500, 502, 503, 504, 509]) {
      it(`tries again after ${code}, a bounded number of times`, () => {
        assert.notEqual(delayAfter(status(code), 1), undefined);
        assert.notEqual(delayAfter(status(code), MAX_ATTEMPTS - 1), undefined);
        assert.equal(delayAfter(status(code), MAX_ATTEMPTS), undefined);
      });
    }

    it("waits as long as the server says", () => {
      assert.equal(delayAfter(status(503, "9"), 4), 9000);
    });

    it("gives up at the bound even where the server names a time", () => {
      assert.equal(delayAfter(status(503, "9"), MAX_ATTEMPTS), undefined);
    });
  });

  describe("for a status that does not pass", () => {
    for (const code of [301, 400, 401, 403, 404, 409, 410, 412, 501, 505]) {
      it(`gives up at once after ${code}`, () => {
        assert.equal(delayAfter(status(code), 1), undefined);
        assert.equal(delayAfter(status(code, "1"), 1), undefined);
      });
    }
  });

  describe("for a request without a whole answer", () => {
    for (const code of [
      "ECONNRESET",
      "ECONNREFUSED",
      "EPIPE",
      "ETIMEDOUT",
      "ENOTFOUND",
      "EAI_AGAIN",
      "UND_ERR_SOCKET",
      "UND_ERR_CONNECT_TIMEOUT",
      "UND_ERR_HEADERS_TIMEOUT",
      "UND_ERR_BODY_TIMEOUT",
    ]) {
      it(`tries again after ${code}, a bounded number of times`, () => {
        assert.equal(delayAfter({ kind: "network", code }, 1), 750);
        assert.equal(delayAfter({ kind: "network", code }, MAX_ATTEMPTS), undefined);
      });
    }

    for (const code of ["CERT_HAS_EXPIRED", "ERR_INVALID_URL", "UND_ERR_RES_EXCEEDED_MAX_SIZE", "UNKNOWN"]) {
      it(`gives up at once after ${code}`, () => {
        assert.equal(delayAfter({ kind: "network", code }, 1), undefined);
      });
    }
  });

  it("asks for a damaged body again, but believes it at the fourth time", () => {
    const failed: FailedAttempt = { kind: "damaged", reason: "cut" };
    assert.deepEqual(
      [1, 2, 3, 4].map((tries) => delayAfter(failed, tries)),
      [750, 1500, 3000, undefined],
    );
  });

  describe("when it backs off", () => {
    it("doubles from a second to a minute and stays there", () => {
      const delays = Array.from({ length: 10 }, (_, index) => delayAfter(status(429), index + 1, 1));
      assert.deepEqual(
        delays,
        [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * 1000),
      );
    });

    it("stays at its cap however often it is asked", () => {
      assert.equal(delayAfter(status(429), 100_000, 1), 60_000);
    });

    it("spreads over the upper half of the delay", () => {
      for (const tries of [1, 3, 7, 50]) {
        const longest = delayAfter(status(429), tries, 1) ?? 0;
        assert.equal(delayAfter(status(429), tries, 0), longest / 2);
        assert.equal(delayAfter(status(429), tries, 0.5), longest * 0.75);
      }
    });
  });
});
