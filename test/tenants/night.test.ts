import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MINUTE, SECOND, systemClock } from "../../src/clock.ts";
import { planNight, slotOf } from "../../src/tenants/night.ts";
import { startLocalServer } from "../support/local-server.ts";

const ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const NOW = Date.parse("2026-11-24T02:00:00.250Z");

function contextFor(ms: number, signal = new AbortController().signal) {
  return { clock: systemClock, signal, deadlineMs: systemClock.elapsed() + ms, proxy: undefined };
}

/** An authority that takes requests and says nothing. */
const silentAuthority = () => startLocalServer(() => undefined);

const nothing = { disabled: [], problems: [], repeats: [] };

describe("the tenants of a night", () => {
  it("do not wait for an authority that keeps silent longer than for all of them together", async () => {
    await using authority = await silentAuthority();
    const tenants = [
      { tenant: ID },
      ...Array.from({ length: 40 }, (_, at) => ({ tenant: `t${at}.example` })),
    ];
    const startedMs = performance.now();
    const night = await planNight({ ...nothing, tenants }, authority.url, contextFor(SECOND));
    assert.ok(performance.now() - startedMs < 20 * SECOND);
    assert.deepEqual(
      night.tenants,
      tenants.map(({ tenant }) => tenant),
    );
    assert.deepEqual(night.warnings, []);
  });

  it("are never none without a word", async () => {
    const list = { ...nothing, tenants: [{ tenant: ID }], disabled: [{ tenant: ID }] };
    await assert.rejects(planNight(list, "https://unused.example", contextFor(SECOND)), {
      code: "tenant-list-unusable",
      problem: `all of them are disabled by another entry: ${ID} is the same tenant as ${ID}, ${ID}, which is disabled; it was left out`,
    });
  });

  it("are not looked up further when the instance is shut down", async () => {
    await using authority = await silentAuthority();
    const ending = new AbortController();
    setTimeout(() => ending.abort(new Error("shut down")), 200);
    const list = { ...nothing, tenants: [{ tenant: "contoso.example" }] };
    await assert.rejects(planNight(list, authority.url, contextFor(MINUTE, ending.signal)), /shut down/);
  });

  it("are told of in a line that a log can hold, however many entries are wrong", async () => {
    const problems = Array.from(
      { length: 100_000 },
      (_, at) => `tenants.json: entry ${at + 1} is no object.`,
    );
    const list = { ...nothing, tenants: [{ tenant: ID }], problems };
    const { tenants, warnings } = await planNight(list, "https://unused.example", contextFor(SECOND));
    assert.deepEqual(tenants, [ID]);
    assert.equal(warnings.length, 21);
    assert.equal(warnings[0], "tenant-left-out: tenants.json: entry 1 is no object.");
    assert.equal(warnings.at(-1), "tenant-left-out: 99980 more entries were left out");
    assert.ok(JSON.stringify(warnings).length < 32_768);
  });
});

describe("the slot of a night", () => {
  it("is when the timer was due, also where it fires late, again, or a moment early", () => {
    const due = "2026-11-24T02:00:00+00:00";
    for (const nowMs of [NOW, NOW + 9 * 60 * MINUTE, Date.parse(due) - 20]) {
      assert.equal(slotOf(due, nowMs).toISOString(), "2026-11-24T02:00:00.000Z");
    }
  });

  it("is now where the host does not say, or names the next one", () => {
    for (const due of [undefined, "", "tonight", "0001-01-01T00:00:00", "2026-11-25T02:00:00+00:00"]) {
      assert.equal(slotOf(due, NOW).getTime(), NOW, String(due));
    }
  });
});
