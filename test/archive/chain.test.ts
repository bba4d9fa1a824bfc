import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ChainVerification } from "../../src/archive/snapshots.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { latestPath } from "../../src/snapshot/layout.ts";
import { type Manifest, toBytes } from "../../src/snapshot/manifest.ts";
import {
  asBlobs,
  asVersion1,
  type Blobs,
  NIGHTLY_TENANT,
  nightlyManifests,
  openNightly,
  pathOf,
  pointLatestAt,
  relinked,
  throughGate,
  uploadBlobs,
} from "../support/nightly-manifests.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

const LATEST = latestPath(NIGHTLY_TENANT);
const NIGHTS = nightlyManifests(12);

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
  trustSandbox(await sharedTls());
});
after(() => storage[Symbol.asyncDispose]());

/** A night's manifest, from 0; counted from the newest for a negative number. */
function night(at: number): Manifest {
  return NIGHTS.at(at) ?? assert.fail();
}

/** The same manifest, told otherwise. */
function retold(manifest: Manifest, change: Partial<Manifest>): Manifest {
  return { ...manifest, ...change };
}

function put(blobs: Blobs, manifest: Manifest): void {
  blobs.set(pathOf(manifest), toBytes(manifest));
}

/** What a walk finds when the twelve nights' blobs were changed. */
async function walk(change: (blobs: Blobs) => void, since?: string): Promise<ChainVerification> {
  const blobs = asBlobs(NIGHTS);
  change(blobs);
  return walkOver(blobs, since);
}

async function walkOver(blobs: Blobs, since?: string): Promise<ChainVerification> {
  const { snapshots } = await uploadBlobs(storage, blobs);
  return snapshots.verifyChain(since);
}

/** Asserts that the walk ends before one run, because of that run. */
function assertBrokenAt({ problems, ...chain }: ChainVerification, run: Manifest, problem: RegExp): void {
  assert.deepEqual([chain.holds, chain.end], [false, "broken"]);
  assert.equal(problems.length, 1, JSON.stringify(problems));
  assert.equal(problems[0]?.blob, pathOf(run));
  assert.match(problems[0]?.problem ?? "", problem);
}

describe("a chain that nobody touched", () => {
  it("holds back to the first run, and costs a request for each manifest", async () => {
    const year = nightlyManifests(365);
    const { name } = await uploadBlobs(storage, asBlobs(year));
    await using gate = await startStorageGate(storage, await sharedTls());
    const chain = await openNightly(name, throughGate(storage, gate.url)).snapshots.verifyChain();
    assert.deepEqual(chain, {
      holds: true,
      newest: year.at(-1)?.runId,
      oldest: year[0]?.runId,
      runs: 365,
      end: "first-run",
      gaps: [],
      skipped: [],
      pruned: [],
      problems: [],
    });
    const expected = [`GET ${name} comp=list`, "GET latest.json", "GET manifest.json"];
    assert.deepEqual([...new Set(gate.requests)].sort(), expected.sort());
    assert.equal(gate.requests.length, 367);
  });

  it("holds if the oldest runs were deleted, as a retention rule does", async () => {
    const { holds, oldest, runs, end } = await walk((blobs) => {
      for (const gone of NIGHTS.slice(0, 5)) blobs.delete(pathOf(gone));
    });
    assert.deepEqual([holds, oldest, runs, end], [true, night(5).runId, 7, "deleted"]);
  });

  it("is walked back to a run, to the beginning of one, or to a date", async () => {
    const { runId } = night(4);
    const date = `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;
    for (const since of [runId, runId.slice(0, 11), date]) {
      const { holds, oldest, runs, end } = await walk(() => undefined, since);
      assert.deepEqual([holds, oldest, runs, end], [true, runId, 8, "since"], since);
    }
    await assert.rejects(
      walk(() => undefined, "2030"),
      { code: "snapshot-not-found", problem: /since 2030/ },
    );
  });

  it("is not walked at all if it is older than that; what is newer is found all the same", async () => {
    const later = { ...night(-1), runId: night(-1).runId.replace("T02", "T14") };
    const chain = await walk((blobs) => put(blobs, later), later.runId);
    const { holds, newest, oldest, runs, end, problems } = chain;
    assert.deepEqual([holds, newest, oldest, runs, end], [false, night(-1).runId, null, 0, "since"]);
    const problem = `it points at run ${night(-1).runId}, but run ${later.runId} is newer`;
    assert.deepEqual(problems, [{ blob: LATEST, problem }]);
  });

  it("is not there where nothing is stored", async () => {
    await assert.rejects(walkOver(new Map()), { code: "snapshot-not-found" });
  });
});

describe("a manifest that was rewritten alone", () => {
  const run = night(6);
  const rewritings: Readonly<Record<string, Partial<Manifest>>> = {
    "to another credential": { credential: { ...run.credential, name: "somebody-elses" } },
    "without its warnings": { warnings: ["nothing-happened: all is well"] },
    "to another source": { source: { ...run.source, url: "https://graph.microsoft.com/v1.0/guests" } },
    "to other tallies": { tallies: run.tallies && { ...run.tallies, guests: 0 } },
    "to another predecessor": { previous: night(2).previous },
  };
  for (const [how, change] of Object.entries(rewritings)) {
    it(`${how} is found, and the runs on both sides are named`, async () => {
      const chain = await walk((blobs) => put(blobs, retold(run, change)));
      assertBrokenAt(chain, run, new RegExp(`rewritten: .* run ${night(7).runId} recorded`));
      assert.equal(chain.oldest, night(7).runId);
    });
  }

  it("is found by its bytes, though it says the same", async () => {
    const chain = await walk((blobs) => blobs.set(pathOf(run), Buffer.from(JSON.stringify(run))));
    assertBrokenAt(chain, run, /rewritten/);
  });

  it("is found together with all older ones that were rewritten to fit", async () => {
    const older = relinked([retold(night(0), { warnings: ["x: y"] }), ...NIGHTS.slice(1, 7)]);
    const chain = await walk((blobs) => {
      for (const manifest of older) put(blobs, manifest);
    });
    assertBrokenAt(chain, run, /rewritten/);
  });

  it("is found if it was damaged, or says a schema that nobody knows", async () => {
    const damaged = await walk((blobs) => blobs.set(pathOf(run), Buffer.from("{ half a manif")));
    assertBrokenAt(damaged, run, /cannot be read: it is not JSON/);
    const strange = { ...run, schema: "rollcall.snapshot/9" };
    const unknown = await walk((blobs) => blobs.set(pathOf(run), Buffer.from(JSON.stringify(strange))));
    assertBrokenAt(unknown, run, /cannot be read: .*rollcall\.snapshot\/9/);
  });

  it("is found by latest.json if it is the newest", async () => {
    const newest = night(-1);
    const { holds, runs, problems } = await walk((blobs) =>
      put(blobs, retold(newest, { warnings: ["x: y"] })),
    );
    assert.deepEqual([holds, runs], [false, 12]);
    assert.deepEqual(problems, [
      { blob: pathOf(newest), problem: "its SHA-256 is not the one in latest.json" },
    ]);
  });
});

describe("what the chain alone cannot find", () => {
  it("is a newest run that was rewritten together with latest.json: a signature finds it", async () => {
    const newest = retold(night(-1), { warnings: ["x: y"] });
    const { holds } = await walk((blobs) => {
      put(blobs, newest);
      pointLatestAt(blobs, newest);
    });
    assert.equal(holds, true);
  });

  it("is a history that was rewritten up to the newest run", async () => {
    const rewritten = relinked(NIGHTS.map((manifest) => retold(manifest, { warnings: ["x: y"] })));
    assert.equal((await walkOver(asBlobs(rewritten))).holds, true);
  });

  it("is that the newest runs were deleted and latest.json put back", async () => {
    assert.equal((await walkOver(asBlobs(NIGHTS.slice(0, -3)))).holds, true);
  });
});

describe("a run that was removed", () => {
  it("from the middle is named, with the run that built on it", async () => {
    const chain = await walk((blobs) => blobs.delete(pathOf(night(5))));
    assertBrokenAt(chain, night(5), new RegExp(`removed: run ${night(6).runId} built on it`));
    assert.equal(chain.oldest, night(6).runId);
  });

  it("is named also if the walk would have ended with it", async () => {
    const chain = await walk((blobs) => blobs.delete(pathOf(night(5))), night(5).runId);
    assertBrokenAt(chain, night(5), /removed/);
  });

  it("is no retention's doing if an older one is left", async () => {
    const chain = await walk((blobs) => {
      for (const gone of NIGHTS.slice(1, 5)) blobs.delete(pathOf(gone));
    });
    assertBrokenAt(chain, night(4), new RegExp(`removed: .* such as ${night(0).runId}`));
  });
});

describe("a run that was inserted", () => {
  const between = (run: Manifest) => ({ ...run, runId: run.runId.replace("T02", "T14") });

  it("between two others is found beside the chain", async () => {
    const fork = between(night(5));
    const chain = await walk((blobs) => put(blobs, fork));
    assert.deepEqual([chain.holds, chain.runs, chain.end], [false, 12, "first-run"]);
    assert.deepEqual(
      chain.problems.map(({ blob }) => blob),
      [pathOf(fork)],
    );
    assert.match(chain.problems[0]?.problem ?? "", /beside the chain/);
  });

  it("before the first one is found", async () => {
    const early = { ...night(0), runId: "20250101T020000Z" };
    assertBrokenAt(
      await walk((blobs) => put(blobs, early)),
      night(0),
      /names no predecessor, although older runs are stored, the newest of them 20250101T020000Z/,
    );
  });

  it("below what a retention rule left is found", async () => {
    const early = { ...night(0), runId: "20250101T020000Z" };
    const chain = await walk((blobs) => {
      for (const gone of NIGHTS.slice(0, 5)) blobs.delete(pathOf(gone));
      put(blobs, early);
    });
    assertBrokenAt(chain, night(4), /removed/);
  });

  it("in place of a removed one, or with its name, is found", async () => {
    const inserted = between(night(5));
    const chain = await walk((blobs) => {
      blobs.delete(pathOf(night(5)));
      put(blobs, inserted);
    });
    const found = chain.problems.map(({ blob }) => blob);
    assert.deepEqual(found, [pathOf(night(5)), pathOf(inserted)]);
  });

  it("after the newest one is found by latest.json", async () => {
    const [one, two] = [between(night(-1)), between(night(-1))].map((run, hour) => ({
      ...run,
      runId: run.runId.replace("T14", `T1${hour}`),
    }));
    assert.ok(one && two);
    const { holds, problems } = await walk((blobs) => {
      put(blobs, one);
      put(blobs, two);
    });
    assert.equal(holds, false);
    const problem = `it points at run ${night(-1).runId}, but run ${two.runId} and 1 more are newer`;
    assert.deepEqual(problems, [{ blob: LATEST, problem }]);
  });
});

describe("a run that names no predecessor", () => {
  const severed = (warnings: readonly string[]) => {
    const { tallies } = night(0);
    const why = "no earlier snapshot is whole and properly dated";
    const cut = { previous: null, changes: null, changesSkipped: why, tallies, warnings };
    return relinked([...NIGHTS.slice(0, 6), retold(night(6), cut), ...NIGHTS.slice(7)]);
  };

  it("is found if whole runs are older", async () => {
    const nights = severed([]);
    const cut = nights[6] ?? assert.fail();
    assertBrokenAt(await walkOver(asBlobs(nights)), cut, new RegExp(`the newest of them ${night(5).runId}`));
  });

  it("is a gap that the run itself explains if it says that none was whole, and the walk goes on", async () => {
    const damaged = `predecessor-damaged: run ${night(5).runId} is damaged and was skipped: reading x: it is missing`;
    const chain = await walkOver(asBlobs(severed([damaged])));
    const { holds, runs, end, gaps, skipped } = chain;
    assert.deepEqual([holds, runs, end], [true, 11, "first-run"]);
    assert.deepEqual([gaps, skipped], [[night(6).runId], [night(5).runId]]);
  });
});

describe("runs that a later one skipped", () => {
  it("stand beside the chain for a reason if they were damaged, whatever else the warning names", async () => {
    const warning = (at: number) =>
      `predecessor-damaged: run ${night(at).runId} is damaged and was skipped: reading x: it is of run ${night(2).runId}`;
    const nights = relinked([
      ...NIGHTS.slice(0, 5),
      retold(night(7), {
        previous: { runId: night(4).runId, users: 30, sha256: night(6).previous?.sha256 },
        warnings: [warning(6), warning(5)],
      }),
      ...NIGHTS.slice(8),
    ]);
    const blobs = asBlobs(nights);
    put(blobs, night(5));
    blobs.set(pathOf(night(6)), Buffer.from("not a manifest"));
    const { problems, runs, skipped } = await walkOver(blobs);
    assert.deepEqual(problems, []);
    assert.equal(runs, 10);
    assert.deepEqual(skipped, [night(6).runId, night(5).runId]);
  });

  it("stand beside it if they were dated in the future", async () => {
    const [one, two] = ["20300101T020000Z", "20300102T020000Z"];
    const warning = `run-in-future: run ${two} was written at 2025-12-01T02:00:00.000Z, by a machine whose clock was wrong; it was skipped, and so was run ${one}`;
    const nights = relinked(
      NIGHTS.map((manifest, at) => (at > 8 ? retold(manifest, { warnings: [warning] }) : manifest)),
    );
    const blobs = asBlobs(nights);
    for (const runId of [one, two]) put(blobs, { ...night(8), runId: runId ?? "" });
    const { problems, newest, skipped } = await walkOver(blobs);
    assert.deepEqual(problems, []);
    assert.equal(newest, night(-1).runId);
    assert.deepEqual(skipped, [two, one]);
  });

  it("stand beside it for a reason also if the walk ends before the run that skipped them", async () => {
    const between = (at: number) => night(at).runId.replace("T02", "T14");
    const warning = `run-in-future: run ${between(8)} was written at 2025-11-30T02:00:00.000Z, by a machine whose clock was wrong; it was skipped`;
    const nights = relinked(
      NIGHTS.map((manifest, at) =>
        at === 7 || at === 8 ? retold(manifest, { warnings: [warning] }) : manifest,
      ),
    );
    const blobs = asBlobs(nights);
    put(blobs, { ...night(6), runId: between(8) });
    const { holds, runs, end, skipped } = await walkOver(blobs, between(8));
    assert.deepEqual([holds, runs, end, skipped], [true, 3, "since", [between(8)]]);
    put(blobs, { ...night(6), runId: between(9) });
    const found = await walkOver(blobs, between(8));
    assert.deepEqual([found.holds, found.runs, found.end], [false, 3, "since"]);
    assert.deepEqual(
      found.problems.map(({ blob }) => blob),
      [pathOf({ ...night(9), runId: between(9) })],
    );
  });
});

describe("latest.json", () => {
  it("that is missing, damaged or leads nowhere is found, and the chain is walked all the same", async () => {
    const damages: readonly (readonly [(blobs: Blobs) => void, RegExp])[] = [
      [(blobs) => blobs.delete(LATEST), /^it is missing$/],
      [(blobs) => blobs.set(LATEST, Buffer.from("[]")), /wrong/],
      [
        (blobs) => {
          const text = String(blobs.get(LATEST)).replaceAll(night(-1).runId, "20290101T020000Z");
          blobs.set(LATEST, Buffer.from(text));
        },
        /^it points at run 20290101T020000Z, which is not stored$/,
      ],
    ];
    for (const [damage, problem] of damages) {
      const { holds, runs, problems } = await walk(damage);
      assert.deepEqual([holds, runs, problems.length, problems[0]?.blob], [false, 12, 1, LATEST]);
      assert.match(problems[0]?.problem ?? "", problem);
    }
  });

  it("that points at an older run is found", async () => {
    const { problems } = await walk((blobs) => pointLatestAt(blobs, night(8)));
    const problem = `it points at run ${night(8).runId}, but run ${night(11).runId} and 2 more are newer`;
    assert.deepEqual(problems, [{ blob: LATEST, problem }]);
  });
});

describe("runs of Rollcall 1", () => {
  const mixed = relinked(NIGHTS.map((manifest, at) => (at < 5 ? asVersion1(manifest) : manifest)));

  it("end the chain without a finding: they recorded no links", async () => {
    const { holds, oldest, runs, end } = await walkOver(asBlobs(mixed));
    assert.deepEqual([holds, oldest, runs, end], [true, night(4).runId, 8, "not-recorded"]);
  });

  it("are vouched for by the first run of version 2", async () => {
    const blobs = asBlobs(mixed);
    const last = mixed[4] ?? assert.fail();
    put(blobs, retold(last, { warnings: ["x: y"] }));
    assertBrokenAt(await walkOver(blobs), last, new RegExp(`rewritten: .* run ${night(5).runId}`));
  });

  it("cannot be put on top of runs of version 2 to end the chain there", async () => {
    const top = asVersion1(night(-1));
    const chain = await walkOver(asBlobs([...NIGHTS.slice(0, -1), top]));
    assertBrokenAt(chain, night(-2), new RegExp(`version 2, but run ${top.runId} is newer and of version 1`));
  });
});
