// src/storage (the container) and src/archive/commit.ts are tested through runs: here, and in killed.test.ts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { MINUTE, SECOND } from "../src/clock.ts";
import { RollcallError } from "../src/error.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { folderOf, latestPath } from "../src/snapshot/layout.ts";
import type { Manifest } from "../src/snapshot/manifest.ts";
import type { Taken } from "../src/take-snapshot.ts";
import { assertNothingHalf, breakLease } from "./support/aftermath.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { type Strike, startStorageGate } from "./support/storage-gate.ts";

/** Each test is many runs, and a machine may be busy. */
const PATIENT = { timeout: 20 * MINUTE, concurrency: 4 };

type Fault = Pick<Strike, "moment" | "status">;

const FAULTS: Readonly<Record<string, Fault>> = {
  "dropped before": { moment: "before" },
  "dropped after": { moment: "after" },
  "answered with 500 after it was done": { moment: "after", status: 500 },
  ...Object.fromEntries(
    [500, 503, 412, 409, 404, 403].map((status) => [`answered with ${status}`, { moment: "before", status }]),
  ),
};

let storage: Storage;
/** Those of a run that nothing disturbs, in order. */
let writes: readonly string[];
before(async () => {
  storage = await startSharedStorage();
  await using rig = await setScene();
  const undisturbed = await runThrough(rig);
  assert.ok(!(undisturbed.outcome instanceof Error), inspect(undisturbed.outcome));
  writes = undisturbed.writes;
  for (const name of ["users-00001", "changes-00000", "manifest.jws", "manifest.json", "latest.json"]) {
    assert.ok(
      writes.some((write) => write.includes(name)),
      writes.join(),
    );
  }
});
after(async () => {
  for (const rig of idle) await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

/** Tenants that a test is done with: each holds one snapshot again, and can serve another test. */
const idle: Rig[] = [];

/** A tenant with a signed snapshot of yesterday and a change since. */
async function setScene(): Promise<Rig> {
  const rig = idle.pop() ?? (await startRig(storage, { users: 1010, signs: true }));
  if ((await rig.published()).length === 0) await rig.run();
  const [id = ""] = rig.tenant.directory.ids();
  rig.tenant.directory.update(id, { department: randomUUID() });
  return rig;
}

/** Makes of a run the snapshot of yesterday, and keeps the tenant for another test. */
async function keepForAnother(rig: Rig, { tenantId, runId, startedAt }: Manifest): Promise<void> {
  const kept = [`${folderOf(tenantId, runId).path}/`, latestPath(tenantId)];
  const others = (await rig.blobs()).filter((name) => !kept.some((path) => name.startsWith(path)));
  await Promise.all(others.map((name) => rig.container.deleteBlob(name)));
  // A rig's clock runs ahead where runs follow each other within a second: the next run has to be later than this one.
  await delay(Math.max(0, Date.parse(startedAt) + SECOND - Date.now()));
  idle.push(rig);
}

/** A run with a part for each page. */
async function runThrough(
  rig: Rig,
  strike?: Strike,
): Promise<{ readonly outcome: Taken | RollcallError; readonly writes: readonly string[] }> {
  await using gate = await startStorageGate(storage, rig.tenant.tls, strike);
  const outcome = await rig
    .take({ settings: { ROLLCALL_STORAGE: gate.url }, run: { maxPartBytes: 1 } })
    .catch((error: unknown) => error as RollcallError);
  return { outcome, writes: [...gate.writes] };
}

async function strikeAt(name: string, strike: Strike): Promise<void> {
  await using scene = new AsyncDisposableStack();
  const rig = scene.use(await setScene());
  const { runs: committed } = await assertNothingHalf(rig, storage);
  const { outcome } = await runThrough(rig, strike);
  const found = await assertNothingHalf(rig, storage);
  assert.ok(found.latest !== undefined, "latest.json is gone");
  if (outcome instanceof Error) {
    assert.ok(outcome instanceof RollcallError && outcome.code !== "unexpected", inspect(outcome));
    rig.assertNoSecretIn(inspect(outcome, { depth: 8 }), JSON.stringify(outcome));
    assert.deepEqual(found.runs, committed, "a run that failed is committed");
    // A write that nobody answered may still arrive: the parts of a manifest that may exist have to stay.
    const mayArrive = name === "PUT manifest.json" && strike.status === undefined && strike.lasts;
    if (!mayArrive) assert.deepEqual(await rig.orphans(), [], "parts were left behind");
  } else {
    assert.equal(found.runs[0], outcome.manifest.runId);
    const isMoved = found.latest === outcome.manifest.runId;
    assert.equal(
      outcome.warnings.some((text) => text.startsWith("latest-not-moved: ")),
      !isMoved,
    );
  }

  await breakLease(rig);
  const next = await rig.take();
  assert.equal((await assertNothingHalf(rig, storage)).latest, next.manifest.runId);
  assert.equal(next.manifest.previous?.runId, found.runs[0]);
  await keepForAnother(rig, next.manifest);
  scene.move();
}

/** For writes that are much like others: the lock's, which the SDK makes alone, and all parts but one. */
const FEW_FAULTS = [
  "dropped before",
  "dropped after",
  "answered with 503",
  "answered with 409",
  "answered with 403",
];
const LASTING_FAULTS = [
  "dropped before",
  "dropped after",
  "answered with 500 after it was done",
  ...["503", "412", "403"].map((status) => `answered with ${status}`),
];

/** Strikes at each write in a scene of its own, some at a time. */
async function strikeEach(
  t: TestContext,
  faultsOf: (name: string) => readonly string[],
  lasts: boolean,
): Promise<void> {
  const all = writes.flatMap((name, index) =>
    faultsOf(name).map((fault) => ({ name, write: index + 1, fault })),
  );
  assert.ok(all.length > 0, writes.join());
  const tests = all.map(({ name, write, fault }) => {
    const strike = { write, lasts, moment: "before", ...FAULTS[fault] } as const;
    return t.test(`${name} (write ${write}) ${fault}`, () => strikeAt(name, strike));
  });
  await Promise.all(tests);
}

describe("a storage fault leaves a whole snapshot or none, and the next run commits", () => {
  it("once, at every write", PATIENT, async (t) => {
    const faultsOf = (name: string) =>
      /run\.lock|users-00000/.test(name) ? FEW_FAULTS : Object.keys(FAULTS);
    await strikeEach(t, faultsOf, false);
  });

  it("for good, at every write of the snapshot", PATIENT, async (t) => {
    const faultsOf = (name: string) => (/users-00001|manifest|latest/.test(name) ? LASTING_FAULTS : []);
    await strikeEach(t, faultsOf, true);
  });
});

describe("a write that is refused although nothing is there", () => {
  it("is tried again, and then refused as such: not as one that exists", async () => {
    await using rig = await setScene();
    const strike = { write: writes.indexOf("PUT manifest.json") + 1, moment: "before", status: 412 } as const;
    const { outcome: passing } = await runThrough(rig, strike);
    assert.ok(!(passing instanceof Error), inspect(passing));
    rig.tenant.directory.add();
    const { outcome: lasting } = await runThrough(rig, { ...strike, lasts: true });
    assert.ok(lasting instanceof RollcallError, "it was committed");
    assert.equal(lasting.code, "storage-refused");
    assert.deepEqual(await rig.orphans(), []);
  });
});

describe("a run that is ended while it writes", () => {
  async function endedAt(rig: Rig, name: string): Promise<Taken> {
    const stop = new AbortController();
    const enough = new RollcallError("terminated", { doing: "a", problem: "b", remedy: "c" });
    const run = async () => stop.abort(enough);
    const strike: Strike = { write: writes.indexOf(name) + 1, moment: "after", run };
    await using gate = await startStorageGate(storage, rig.tenant.tls, strike);
    return await rig.take({
      settings: { ROLLCALL_STORAGE: gate.url },
      run: { signal: stop.signal, maxPartBytes: 1 },
    });
  }

  it("the manifest, is committed when that arrived all the same, and moves latest.json in its grace", async () => {
    await using rig = await setScene();
    const { manifest, warnings } = await endedAt(rig, "PUT manifest.json");
    assert.deepEqual(warnings, []);
    const { runs, latest } = await assertNothingHalf(rig, storage);
    assert.deepEqual([runs[0], latest], [manifest.runId, manifest.runId]);
  });

  it("the signature, is not committed and leaves nothing, also when that arrived", async () => {
    await using rig = await setScene();
    const { runs: committed } = await assertNothingHalf(rig, storage);
    await assert.rejects(endedAt(rig, "PUT manifest.jws"), { code: "terminated" });
    assert.deepEqual((await assertNothingHalf(rig, storage)).runs, committed);
    assert.deepEqual(await rig.orphans(), []);
  });

  it("latest.json, is committed and has nothing to say when that arrived", async () => {
    await using rig = await setScene();
    const { manifest, warnings } = await endedAt(rig, "PUT latest.json");
    assert.deepEqual(warnings, []);
    assert.equal((await assertNothingHalf(rig, storage)).latest, manifest.runId);
  });
});
