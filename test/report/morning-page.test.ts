import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Snapshots } from "../../src/archive/snapshots.ts";
import { makeReport } from "../../src/report/make-report.ts";
import { renderPage } from "../../src/report/page.ts";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf, reportPath } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { Container } from "../../src/storage/container.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { startStorageGate } from "../support/storage-gate.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

const ON = {
  ROLLCALL_REPORT: "on",
  ROLLCALL_PROPERTIES: [...DEFAULT_PROPERTIES, "signInActivity"].join(),
};

async function startRigWithSignIns(users: number): Promise<Rig> {
  const rig = await startRig(storage, { users });
  rig.tenant.app.roles.add("AuditLog.Read.All");
  return rig;
}

async function pageOf(rig: Rig, { tenantId, runId }: Manifest): Promise<string> {
  const blob = rig.container.getBlockBlobClient(reportPath(folderOf(tenantId, runId)));
  return (await blob.downloadToBuffer()).toString("utf8");
}

/** What `rollcall report` writes of the same run at the same time, from the rows. */
async function pageFromRows(rig: Rig, { tenantId, runId }: Manifest): Promise<string> {
  const { signal } = new AbortController();
  const snapshots = new Snapshots(new Container(rig.container, signal), tenantId, signal);
  return renderPage(await makeReport(snapshots, { run: runId, last: 14, nowMs: rig.clock.now() }));
}

function pagesIn(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.endsWith("report.html"));
}

describe("ROLLCALL_REPORT", () => {
  it("leaves the page that rollcall report makes of the same run, and verify finds the run whole", async () => {
    await using rig = await startRigWithSignIns(1500);
    await rig.run({ settings: ON });
    const [first = "", second = ""] = rig.tenant.directory.ids();
    rig.tenant.directory.remove(first);
    rig.tenant.directory.update(second, { displayName: "<script>alert(1)</script>" });
    const manifest = await rig.run({ settings: ON });
    const page = await pageOf(rig, manifest);
    assert.equal(page, await pageFromRows(rig, manifest));
    assert.match(page, /1,499 users/);
    assert.match(page, /does not check this page/);
    assert.doesNotMatch(page, /<script>alert/);
    rig.assertNoSecretIn(page);
    const { signal } = new AbortController();
    const snapshots = new Snapshots(new Container(rig.container, signal), manifest.tenantId, signal);
    assert.deepEqual((await snapshots.verify(manifest.runId)).problems, []);
  });

  it("leaves none unless it is on", async () => {
    await using rig = await startRig(storage, { users: 10 });
    await rig.run();
    assert.deepEqual(pagesIn(await rig.blobs()), []);
  });

  it("counts nobody twice when the listing begins again", async () => {
    await using rig = await startRigWithSignIns(3000);
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 3,
      fault: { kind: "expiredPageToken" },
    });
    const manifest = await rig.run({ settings: ON });
    assert.equal(await pageOf(rig, manifest), await pageFromRows(rig, manifest));
  });

  it("never costs the snapshot: a storage that refuses the page is a warning", async () => {
    await using rig = await startRig(storage, { users: 10 });
    // The first run makes the lock, which later ones find.
    await rig.run();
    const { writes } = await runThrough(rig, 0);
    const write = writes.indexOf("PUT report.html") + 1;
    assert.ok(write > 0, writes.join("\n"));
    const { taken } = await runThrough(rig, write);
    const [warning = ""] = taken.warnings;
    assert.match(warning, /^report-not-written: .*report\.html/);
    rig.assertNoSecretIn(warning);
    const names = await rig.blobs();
    const { path } = folderOf(taken.manifest.tenantId, taken.manifest.runId);
    assert.ok(names.includes(`${path}/manifest.json`));
    assert.equal(pagesIn(names).length, 1, "only that of the run before");
    const { signal } = new AbortController();
    const snapshots = new Snapshots(new Container(rig.container, signal), taken.manifest.tenantId, signal);
    assert.equal((await snapshots.latest()).folder.runId, taken.manifest.runId);
  });

  async function runThrough(rig: Rig, write: number) {
    await using gate = await startStorageGate(storage, rig.tenant.tls, {
      write,
      moment: "before",
      lasts: true,
      status: 403,
    });
    const taken = await rig.take({ settings: { ROLLCALL_REPORT: "on", ROLLCALL_STORAGE: gate.url } });
    return { taken, writes: [...gate.writes] };
  }
});
