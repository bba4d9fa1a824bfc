import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DamagedBodyError, NetworkError } from "../../src/http/http-client.ts";
import { type Attempt, describeExhausted, type RetriesExhausted, retry } from "../../src/http/retry.ts";
import type { FailedAttempt } from "../../src/http/retry-delay.ts";
import { TestClock } from "../support/test-clock.ts";

const HOUR_MS = 3_600_000;

class ExhaustedError extends Error {
  readonly exhausted: RetriesExhausted;

  constructor(exhausted: RetriesExhausted) {
    super(describeExhausted(exhausted));
    this.exhausted = exhausted;
  }
}

/** Runs the loop over `outcomes`, the last of which is repeated for ever. */
function run(
  outcomes: readonly (Attempt<string> | Error)[],
  { clock = new TestClock(), signal = new AbortController().signal, budgetMs = HOUR_MS } = {},
) {
  const retried: FailedAttempt[] = [];
  let attempts = 0;
  const context = { clock, signal, deadlineMs: clock.elapsed() + budgetMs };
  const result = retry<string>(context, {
    attempt: async () => {
      const outcome = outcomes[Math.min(attempts++, outcomes.length - 1)];
      if (outcome instanceof Error || !outcome) throw outcome;
      return outcome;
    },
    onRetry: (failed) => retried.push(failed),
    giveUp: (exhausted) => new ExhaustedError(exhausted),
  });
  return { result, clock, retried, attempts: () => attempts };
}

function refused(status: number, retryAfter?: string): Attempt<string> {
  return { failed: { kind: "status", status, retryAfter } };
}

describe("retry", () => {
  it("returns the first attempt that is done, without waiting", async () => {
    const { result, clock, retried } = run([{ done: "page" }]);
    assert.equal(await result, "page");
    assert.deepEqual(clock.waitsMs, []);
    assert.deepEqual(retried, []);
  });

  it("waits as the server says before each further attempt", async () => {
    const { result, clock } = run([refused(429, "17"), refused(503, "2.128"), { done: "page" }]);
    assert.equal(await result, "page");
    assert.deepEqual(clock.waitsMs, [17_000, 2128]);
  });

  it("reads a dated Retry-After by its own clock", async () => {
    const clock = new TestClock(Date.UTC(2026, 10, 22, 2));
    const { result } = run([refused(429, "Sun, 22 Nov 2026 02:01:00 GMT"), { done: "page" }], { clock });
    await result;
    assert.deepEqual(clock.waitsMs, [60_000]);
  });

  it("backs off between half of the delay and all of it where the server says nothing", async () => {
    const { result, clock } = run([refused(500), refused(500), refused(500), { done: "page" }]);
    await result;
    assert.equal(clock.waitsMs.length, 3);
    for (const [index, waitMs] of clock.waitsMs.entries()) {
      const longestMs = 1000 * 2 ** index;
      assert.ok(waitMs >= longestMs / 2 && waitMs <= longestMs, `wait ${index + 1} was ${waitMs} ms`);
    }
  });

  it("tells of each failed try that is made again", async () => {
    const { result, retried } = run([
      refused(429, "1"),
      new NetworkError("ECONNRESET", undefined),
      new DamagedBodyError("cut"),
      { done: "page" },
    ]);
    await result;
    assert.deepEqual(retried, [
      { kind: "status", status: 429, retryAfter: "1" },
      { kind: "network", code: "ECONNRESET" },
      { kind: "damaged", reason: "cut" },
    ]);
  });

  it("outlasts far more refusals than its bound when it is throttled", async () => {
    const { result } = run([...Array.from({ length: 50 }, () => refused(429, "1")), { done: "page" }]);
    assert.equal(await result, "page");
  });

  it("gives up after ten attempts at a status that should have passed", async () => {
    const { result, attempts, retried } = run([refused(503)]);
    await assert.rejects(result, (error) => {
      assert.ok(error instanceof ExhaustedError);
      assert.equal(error.exhausted.attempts, 10);
      assert.equal(error.exhausted.waitTooLongMs, undefined);
      assert.deepEqual(error.exhausted.failed, { kind: "status", status: 503, retryAfter: undefined });
      return true;
    });
    assert.equal(attempts(), 10);
    assert.equal(retried.length, 9);
  });

  it("gives up at the first attempt where no retry helps", async () => {
    const { result, attempts, clock, retried } = run([refused(400)]);
    await assert.rejects(result, ExhaustedError);
    assert.equal(attempts(), 1);
    assert.deepEqual(clock.waitsMs, []);
    assert.deepEqual(retried, []);
  });

  it("begins no wait that would end at the deadline or later", async () => {
    const { result, clock, retried } = run([refused(429, "60")], { budgetMs: 60_000 });
    await assert.rejects(result, (error) => {
      assert.ok(error instanceof ExhaustedError);
      assert.deepEqual(error.exhausted.attempts, 1);
      assert.equal(error.exhausted.waitTooLongMs, 60_000);
      return true;
    });
    assert.deepEqual(clock.waitsMs, []);
    assert.deepEqual(retried, []);
  });

  it("ends a throttled request before the deadline", async () => {
    const clock = new TestClock();
    const deadlineMs = clock.elapsed() + 100_000;
    const { result, attempts } = run([refused(429, "30")], { clock, budgetMs: 100_000 });
    await assert.rejects(result, ExhaustedError);
    assert.equal(attempts(), 4);
    assert.ok(clock.elapsed() < deadlineMs);
  });

  it("ends at anything thrown that is no failed try", async () => {
    const fault = new TypeError("a bug");
    const { result, attempts } = run([fault]);
    await assert.rejects(result, (error) => error === fault);
    assert.equal(attempts(), 1);
  });

  it("attempts nothing when the signal is aborted already", async () => {
    const reason = new Error("time is up");
    const { result, attempts } = run([{ done: "page" }], { signal: AbortSignal.abort(reason) });
    await assert.rejects(result, (error) => error === reason);
    assert.equal(attempts(), 0);
  });

  it("ends with the signal's reason when it is aborted between two attempts", async () => {
    const reason = new Error("time is up");
    const stop = new AbortController();
    let attempts = 0;
    const result = retry<string>(
      { clock: new TestClock(), signal: stop.signal, deadlineMs: Number.POSITIVE_INFINITY },
      {
        attempt: async () => {
          attempts++;
          if (attempts === 3) stop.abort(reason);
          return refused(503);
        },
        giveUp: (exhausted) => new ExhaustedError(exhausted),
      },
    );
    await assert.rejects(result, (error) => error === reason);
    assert.equal(attempts, 3);
  });
});

describe("describeExhausted", () => {
  it("names the status and the number of attempts", () => {
    const failed: FailedAttempt = { kind: "status", status: 503 };
    assert.equal(describeExhausted({ failed, attempts: 10 }), "refused with 503 after 10 attempts");
    assert.equal(describeExhausted({ failed, attempts: 1 }), "refused with 503 at the first attempt");
  });

  it("names the network's code", () => {
    const failed: FailedAttempt = { kind: "network", code: "ECONNRESET" };
    assert.equal(
      describeExhausted({ failed, attempts: 10 }),
      "no complete answer arrived (ECONNRESET) after 10 attempts",
    );
  });

  it("names what was wrong with the answer", () => {
    const failed: FailedAttempt = { kind: "damaged", reason: "200 without JSON" };
    assert.equal(
      describeExhausted({ failed, attempts: 4 }),
      "the answer was unusable (200 without JSON) after 4 attempts",
    );
  });

  it("names the wait that the budget could not hold", () => {
    const failed: FailedAttempt = { kind: "status", status: 429 };
    assert.equal(
      describeExhausted({ failed, attempts: 2, waitTooLongMs: 90_500 }),
      "refused with 429 after 2 attempts, and waiting 91 s to retry would exceed the run's time budget",
    );
  });
});
