import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Storage } from "../../src/sandbox/storage.ts";
import { type Outcome, rollcallHere } from "../cli/rollcall-process.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { uploadFolder, VERSION_1_SNAPSHOTS } from "../support/stored-folder.ts";

const COUNTED = "5a4b0f1e-1111-4222-8333-0000000000a1";
const UNCOUNTED = "5a4b0f1e-1111-4222-8333-0000000000b2";
const FIRST = "20261120T020000Z";
const SECOND = "20261121T020000Z";
const THIRD = "20261122T020000Z";

let storage: Storage;
let rig: Rig;

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 10 });
  await uploadFolder(rig.container, VERSION_1_SNAPSHOTS);
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_CLIENT_ID } = rig.sandbox.environment;
  Object.assign(process.env, { IDENTITY_ENDPOINT, IDENTITY_HEADER, AZURE_CLIENT_ID });
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

function read(tenantId: string, ...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(args, { ...rig.sandbox.environment, ROLLCALL_TENANT_ID: tenantId });
}

async function json<T>(tenantId: string, ...args: readonly string[]): Promise<T> {
  const outcome = await read(tenantId, ...args, "--json");
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return JSON.parse(outcome.stdout) as T;
}

describe("snapshots of schema version 1", () => {
  it("are listed", async () => {
    type Entry = { runId: string; users: number; latest: boolean };
    const runsOf = async (tenantId: string) =>
      (await json<Entry[]>(tenantId, "list")).map(({ runId, users, latest }) => [runId, users, latest]);
    assert.deepEqual(await runsOf(COUNTED), [
      [THIRD, 31, true],
      [SECOND, 31, false],
      [FIRST, 30, false],
    ]);
    assert.deepEqual(await runsOf(UNCOUNTED), [[THIRD, 30, true]]);
  });

  it("are shown", async () => {
    type Shown = { schema: string; completeness: { verdict: string } };
    const counted = await json<Shown>(COUNTED, "show", FIRST);
    assert.deepEqual([counted.schema, counted.completeness.verdict], ["rollcall.snapshot/1", "complete"]);
    const uncounted = await json<Shown>(UNCOUNTED, "show");
    assert.deepEqual(
      [uncounted.schema, uncounted.completeness.verdict],
      ["rollcall.snapshot/1", "uncounted"],
    );
    assert.equal((await read(COUNTED, "show", THIRD)).exitCode, 0);
  });

  it("give their users", async () => {
    for (const [tenantId, run, count] of [
      [COUNTED, FIRST, 30],
      [COUNTED, THIRD, 31],
      [UNCOUNTED, THIRD, 30],
    ] as const) {
      const { exitCode, stdout } = await read(tenantId, "users", run);
      assert.equal(exitCode, 0);
      const ids = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id);
      assert.equal(new Set(ids).size, count);
    }
  });

  it("verify as whole, CSV and Parquet parts too", async () => {
    type Found = { runId: string; whole: boolean; problems: readonly unknown[] };
    const whole = (runId: string) => [runId, true, []];
    const verified = async (tenantId: string) =>
      (await json<Found[]>(tenantId, "verify", "--all")).map((found) => [
        found.runId,
        found.whole,
        found.problems,
      ]);
    assert.deepEqual(await verified(COUNTED), [THIRD, SECOND, FIRST].map(whole));
    assert.deepEqual(await verified(UNCOUNTED), [whole(THIRD)]);
  });

  it("are compared", async () => {
    const { exitCode, stdout } = await read(COUNTED, "diff", FIRST, SECOND, "--json");
    assert.equal(exitCode, 0);
    const kinds = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).change);
    assert.deepEqual(kinds.sort(), ["changed", "changed", "joined", "joined", "left"]);
  });

  it("have a history without what version 1 did not count", async () => {
    type Entry = Record<string, unknown>;
    const entries = await json<Entry[]>(COUNTED, "history");
    const figures = entries.map(({ users, joined, left, changed }) => [users, joined, left, changed]);
    assert.deepEqual(figures, [
      [31, 0, 0, 1],
      [31, 2, 1, 2],
      [30, null, null, null],
    ]);
    for (const { enabled, disabled, members, guests } of entries)
      assert.deepEqual([enabled, disabled, members, guests], [null, null, null, null]);
    const { stdout } = await read(COUNTED, "history");
    assert.match(stdout, new RegExp(`^${SECOND} +31 +2 +1 +2 +- +- +-$`, "m"));
  });
});
