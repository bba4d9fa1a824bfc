import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunManifest } from "../../src/archive/snapshots.ts";
import { DAY, HOUR, SECOND } from "../../src/clock.ts";
import { findUnusualNights } from "../../src/report/attention/unusual-nights.ts";
import { runFolder } from "../../src/snapshot/layout.ts";
import { nightlyManifests } from "../support/nightly-manifests.ts";

/** Runs of these last nights, newest first; of each how many joined, left and changed. */
function nights(
  ...counts: readonly (readonly [joined: number, left: number, changed: number])[]
): RunManifest[] {
  const [first, ...manifests] = nightlyManifests(counts.length + 1);
  assert.equal(first?.changes, null);
  return manifests
    .map((manifest, at) => {
      const [joined = 0, left = 0, changed = 0] = counts[at] ?? [];
      assert.ok(manifest.changes);
      const changes = { ...manifest.changes, joined, left, changed };
      return { runId: manifest.runId, manifest: { ...manifest, changes }, manifestSha256: "" };
    })
    .toReversed();
}

const usual = Array.from({ length: 20 }, (_, at) => [at % 4, (at * 7) % 3, 40 + ((at * 13) % 20)] as const);

describe("findUnusualNights", () => {
  it("finds nothing where each night is like the others", () => {
    assert.deepEqual(findUnusualNights(nights(...usual)).unusual, []);
  });

  it("finds more joiners, leavers and changes than the others explain, and says what they do", () => {
    const runs = nights(...usual, [60, 2, 50], [1, 90, 400]);
    const [newest, before] = runs;
    assert.deepEqual(findUnusualNights(runs).unusual, [
      { runId: newest?.runId, kind: "left", count: 90, since: undefined, usual: 2 },
      { runId: newest?.runId, kind: "changed", count: 400, since: undefined, usual: 58 },
      { runId: before?.runId, kind: "joined", count: 60, since: undefined, usual: 3 },
    ]);
  });

  it("lets a rhythm of weeks explain itself", () => {
    const weeks = Array.from({ length: 28 }, (_, at) => [at % 7 === 6 ? 120 : 3, 1, 5] as const);
    assert.deepEqual(findUnusualNights(nights(...weeks)).unusual, []);
  });

  it("is not hidden by one mass import before it", () => {
    const runs = nights(...usual.slice(0, 10), [500, 0, 0], ...usual.slice(0, 9), [450, 0, 0]);
    assert.deepEqual(
      findUnusualNights(runs).unusual.map(({ runId, kind }) => [runId, kind]),
      [[runs[0]?.runId, "joined"]],
    );
  });

  it("allows a run after missed nights as many changes as these nights together", () => {
    const runs = nights(...usual, [1, 1, 1], [1, 1, 1], [1, 1, 1], [3, 2, 150], [1, 1, 50]);
    const [newest, after, , , , ...rest] = runs;
    assert.ok(newest && after?.manifest.changes && rest[0]);
    const changes = { ...after.manifest.changes, against: rest[0].runId };
    const missed = [newest, { ...after, manifest: { ...after.manifest, changes } }, ...rest];
    assert.deepEqual(findUnusualNights(missed).unusual, []);
    assert.equal(findUnusualNights(runs).unusual.length, 1);
  });

  it("knows runs every hour and every week, and takes runs by hand for no measure", () => {
    const every = (ms: number, counts: readonly number[]) =>
      nights(...counts.map((joined) => [joined, 0, 0] as const))
        .toReversed()
        .map((run, at) => {
          const idAt = (night: number) => runFolder("", new Date(Date.UTC(2026, 10, 1) + night * ms)).runId;
          const { manifest } = run;
          const changes = manifest.changes && { ...manifest.changes, against: idAt(at - 1) };
          return { ...run, runId: idAt(at), manifest: { ...manifest, changes } };
        })
        .toReversed();
    const counts = [2, 1, 0, 2, 1, 0, 2, 60];
    for (const ms of [5 * SECOND, HOUR, DAY, 7 * DAY]) {
      const [night, ...others] = findUnusualNights(every(ms, counts)).unusual;
      assert.deepEqual([night?.count, night?.since, others], [60, undefined, []], `${ms}`);
    }
    const hourly = every(HOUR, [...Array<number>(11).fill(20), 100]);
    const [newest, ...rest] = hourly;
    assert.ok(newest?.manifest.changes && rest[3]);
    assert.equal(findUnusualNights([newest, ...rest.slice(3)]).unusual.length, 1);
    const changes = { ...newest.manifest.changes, against: rest[3].runId };
    const late = { ...newest, manifest: { ...newest.manifest, changes } };
    assert.deepEqual(findUnusualNights([late, ...rest.slice(3)]).unusual, []);
  });

  it("makes nothing of runs whose ids are no times, or that were compared with a later one", () => {
    const runs = nights([0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [900, 900, 900]);
    const [newest, ...rest] = runs;
    assert.ok(newest?.manifest.changes);
    for (const against of ["20269999T999999Z", newest.runId, "29990101T020000Z"]) {
      const changes = { ...newest.manifest.changes, against };
      const odd: RunManifest = { ...newest, manifest: { ...newest.manifest, changes } };
      assert.deepEqual(findUnusualNights([odd, ...rest]).unusual, [], against);
    }
  });

  it("does not count with runs that do not say what changed, and says nothing of too few", () => {
    const runs = nights([0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [900, 900, 900]);
    assert.deepEqual(findUnusualNights(runs), { unusual: [], others: 4 });
    const six = nights([0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [900, 0, 0]);
    assert.equal(findUnusualNights(six).unusual.length, 1);
    const silent = six.map((run, at) =>
      at === 3 ? { ...run, manifest: { ...run.manifest, changes: null } } : run,
    );
    assert.deepEqual(findUnusualNights(silent), { unusual: [], others: 4 });
    assert.deepEqual(findUnusualNights([]), { unusual: [], others: 0 });
  });
});
