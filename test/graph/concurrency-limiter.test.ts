import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConcurrencyLimiter } from "../../src/graph/concurrency-limiter.ts";
import { TestClock } from "../support/test-clock.ts";

/** A limiter, and a way to tell it of an answer that took `tookMs`. */
function limiterWithAnswers(max = 16) {
  const clock = new TestClock(1_000_000);
  const limiter = new ConcurrencyLimiter(clock, max);
  const signal = new AbortController().signal;
  const answer = async (
    status: number,
    tookMs = 300,
    more: { retryAfterMs?: number; limitShare?: number } = {},
  ) => {
    const sentMs = clock.elapsed();
    await clock.sleep(tookMs, signal);
    limiter.observe({ sentMs, status, ...more });
  };
  return { clock, limiter, signal, answer };
}

describe("ConcurrencyLimiter", () => {
  it("begins low and grows to its maximum", async () => {
    const { limiter, answer } = limiterWithAnswers();
    assert.equal(limiter.limit, 4);
    for (let n = 0; n < 40; n++) await answer(200);
    assert.equal(limiter.limit, 16);
  });

  it("never asks for more than its maximum at the beginning", () => {
    assert.equal(limiterWithAnswers(1).limiter.limit, 1);
  });

  it("goes down by a quarter when it is refused, once for all requests that were under way together", async () => {
    const { clock, limiter, answer } = limiterWithAnswers();
    for (let n = 0; n < 40; n++) await answer(200);
    const sentMs = clock.elapsed() - 1;
    await answer(429);
    assert.equal(limiter.limit, 12);
    limiter.observe({ sentMs, status: 429 });
    assert.equal(limiter.limit, 12);
  });

  it("holds back every request for as long as one was told to wait", async () => {
    const { clock, limiter, signal, answer } = limiterWithAnswers();
    await answer(429, 300, { retryAfterMs: 7000 });
    const before = clock.elapsed();
    await limiter.ready(signal);
    assert.equal(clock.elapsed() - before, 7000);
  });

  it("slows down before it is refused, when Graph says how near the limit is", async () => {
    const { clock, limiter, signal, answer } = limiterWithAnswers();
    for (let n = 0; n < 40; n++) await answer(200);
    await answer(200, 300, { limitShare: 0.9 });
    assert.ok(limiter.limit < 16);
    const before = clock.elapsed();
    await limiter.ready(signal);
    assert.ok(clock.elapsed() > before);
  });

  it("slows down when answers come much later than the quickest", async () => {
    const { limiter, answer } = limiterWithAnswers();
    for (let n = 0; n < 40; n++) await answer(200);
    await answer(200, 3000);
    assert.ok(limiter.limit < 16);
  });

  it("grows again, by two a round trip", async () => {
    const { limiter, answer } = limiterWithAnswers();
    for (let n = 0; n < 40; n++) await answer(200);
    await answer(429);
    for (let n = 0; n < 13; n++) await answer(200);
    assert.equal(limiter.limit, 14);
  });
});
