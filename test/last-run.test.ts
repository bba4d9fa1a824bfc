// src/archive (last-run.json) is tested through runs and commands: here.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LastRun } from "../src/archive/snapshots.ts";
import { systemClock } from "../src/clock.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { lastRunPath, lockPath } from "../src/snapshot/layout.ts";
import { rollcallHere, rollcallIn } from "./cli/rollcall-process.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { startStorageGate } from "./support/storage-gate.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function lastRunOf(rig: Rig): Promise<unknown> {
  return rig.json(lastRunPath(rig.tenant.tenantId));
}

/** Runs a command against the rig, in this process. */
function commandOf(rig: Rig) {
  process.env.AZURE_CLIENT_ID = rig.tenant.identity.clientId;
  return rollcallIn(rig.sandbox, {}, rollcallHere);
}

describe("last-run.json", () => {
  it("tells of a run that committed, and then of one that failed, without a secret", async () => {
    await using rig = await startRig(storage, { users: 20 });
    const { runId, finishedAt } = await rig.run();
    const { startedAt, ...good } = (await lastRunOf(rig)) as Record<string, unknown>;
    const { tenantId } = rig.tenant;
    assert.deepEqual(good, {
      schema: "rollcall.last-run/1",
      tenantId,
      outcome: "committed",
      runId,
      finishedAt,
      failure: null,
    });
    assert.ok(Date.parse(String(startedAt)) <= Date.parse(finishedAt));

    rig.tenant.app.roles.clear();
    const { code, doing, problem, remedy } = await rig.fails("graph-permission-missing");
    const bad = (await lastRunOf(rig)) as Record<string, unknown>;
    assert.equal(bad.outcome, "failed");
    assert.deepEqual(bad.failure, { code, doing, problem, remedy });
    assert.match(String(bad.runId), /^\d{8}T\d{6}Z$/);
    assert.match(remedy, /adminconsent\?client_id=/);
    rig.assertNoSecretIn(JSON.stringify(bad));
  });

  it("is told by list and show, until a run goes well again", async () => {
    await using rig = await startRig(storage, { users: 20 });
    const run = commandOf(rig);
    rig.tenant.app.roles.clear();
    await rig.fails("graph-permission-missing");
    assert.match(
      (await run("list")).stdout,
      /No snapshot .*\n! Last run: failed at .* with graph-permission-/,
    );
    for (const args of [[], ["--json"]]) {
      const { stderr, exitCode } = await run("show", ...args);
      assert.equal(exitCode, 1);
      assert.match(
        stderr,
        /snapshot-not-found[\s\S]*The last run failed at [\s\S]*graph-permission-missing[\s\S]*adminconsent/,
      );
    }
    rig.tenant.app.roles.add("User.Read.All");
    await rig.run({ run: { clock: systemClock } });
    for (const args of [[], ["--json"]])
      assert.doesNotMatch(Object.values(await run("list", ...args)).join(), /Last run/);
    rig.tenant.app.roles.clear();
    await rig.fails("graph-permission-missing");
    const told =
      /! Last run: failed at \d{4}-\d\d-\d\d \d\d:\d\d UTC with\s+graph-permission-missing[\s\S]*adminconsent\?client_id=/;
    for (const command of ["list", "show"]) {
      const { stdout, exitCode } = await run(command);
      assert.equal(exitCode, 0);
      assert.match(stdout, told);
      // What programs read is as it ever was.
      const forPrograms = await run(command, "--json");
      assert.equal(forPrograms.exitCode, 0);
      assert.doesNotMatch(JSON.stringify(JSON.parse(forPrograms.stdout)), /graph-permission-missing/);
      assert.match(forPrograms.stderr, told);
    }
    rig.tenant.app.roles.add("User.Read.All");
    await rig.run();
    for (const command of ["list", "show"]) assert.doesNotMatch((await run(command)).stdout, /Last run/);
  });

  it("is left alone by a run that another one's lock keeps out", async () => {
    await using rig = await startRig(storage, { users: 20 });
    await rig.run();
    const before = await lastRunOf(rig);
    const lease = rig.container.getBlobClient(lockPath(rig.tenant.tenantId)).getBlobLeaseClient();
    await lease.acquireLease(60);
    await rig.fails("lock-held");
    assert.deepEqual(await lastRunOf(rig), before);
    await lease.breakLease(0);
  });

  it("tells of a lock that nobody will ever let go of, which no run's outcome could", async () => {
    await using rig = await startRig(storage, { users: 20 });
    await rig.run();
    const lease = rig.container.getBlobClient(lockPath(rig.tenant.tenantId)).getBlobLeaseClient();
    await lease.acquireLease(-1);
    const { code, remedy } = await rig.fails("lock-held");
    await lease.breakLease(0);
    const { runId, failure } = (await lastRunOf(rig)) as LastRun;
    assert.deepEqual([runId, failure?.code, failure?.remedy], [null, code, remedy]);
    assert.match(remedy, /az storage blob lease break/);
  });

  it("is left alone by a run that lost its lock", async () => {
    await using rig = await startRig(storage, { users: 1500 });
    await rig.run();
    const before = await lastRunOf(rig);
    const lock = rig.container.getBlobClient(lockPath(rig.tenant.tenantId));
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      fault: { kind: "before", run: async () => void (await lock.getBlobLeaseClient().breakLease(0)) },
    });
    await rig.fails("lock-lost");
    assert.deepEqual(await lastRunOf(rig), before);
  });

  it("that cannot be written costs no snapshot", async () => {
    await using rig = await startRig(storage, { users: 20 });
    await rig.run();
    await using probe = await startStorageGate(storage, rig.tenant.tls);
    await rig.run({ settings: { ROLLCALL_STORAGE: probe.url } });
    const write = probe.writes.findIndex((name) => name.includes("last-run.json")) + 1;
    assert.ok(write > 0, probe.writes.join());
    const strike = { write, moment: "before", lasts: true, status: 403 } as const;
    await using gate = await startStorageGate(storage, rig.tenant.tls, strike);
    const { runId } = await rig.run({ settings: { ROLLCALL_STORAGE: gate.url } });
    assert.ok((await rig.published()).some((name) => String(name).includes(runId)));
  });

  for (const [what, body] of [
    ["damaged", '{"schema":"rollcall.last-run/1"'],
    ["of a later schema", '{"schema":"rollcall.last-run/9","outcome":"failed"}'],
    ["larger than such a blob may be", " ".repeat(70_000)],
  ] as const) {
    it(`that is ${what} says nothing, and disturbs neither readers nor runs`, async () => {
      await using rig = await startRig(storage, { users: 20 });
      const { runId } = await rig.run();
      await rig.put(lastRunPath(rig.tenant.tenantId), body);
      const { stdout, exitCode } = await commandOf(rig)("list");
      assert.equal(exitCode, 0);
      assert.doesNotMatch(stdout, /Last run/);
      assert.equal((await rig.run()).previous?.runId, runId);
      assert.equal((await commandOf(rig)("verify", "--chain")).exitCode, 0);
    });
  }

  it("that was copied from another tenant says nothing", async () => {
    await using rig = await startRig(storage, { users: 20 });
    rig.tenant.app.roles.clear();
    await rig.fails("graph-permission-missing");
    const path = lastRunPath(rig.tenant.tenantId);
    const own = await rig.text(path);
    assert.match((await commandOf(rig)("list")).stdout, /Last run/);
    await rig.put(path, own.replace(rig.tenant.tenantId, "0a0b0c0d-1111-4222-8333-000000000099"));
    assert.doesNotMatch((await commandOf(rig)("list")).stdout, /Last run/);
  });
});
