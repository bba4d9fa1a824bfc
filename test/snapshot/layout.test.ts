import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  folderOf,
  isRunId,
  latestPath,
  lockPath,
  manifestPath,
  partName,
  runFolder,
  runIdOfManifest,
  tenantFolder,
} from "../../src/snapshot/layout.ts";

const TENANT_ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const FOLDER = `tenant=${TENANT_ID}/date=2026-11-22/run=20261122T020000Z`;

describe("runFolder", () => {
  it("is named by tenant, day and second in UTC", () => {
    assert.deepEqual(runFolder(TENANT_ID, new Date("2026-11-22T03:00:00.999+01:00")), {
      tenantId: TENANT_ID,
      runId: "20261122T020000Z",
      path: FOLDER,
    });
  });

  it("takes the day in UTC, not where the machine is", () => {
    const { path } = runFolder(TENANT_ID, new Date("2026-12-31T23:30:00-02:00"));
    assert.equal(path, `tenant=${TENANT_ID}/date=2027-01-01/run=20270101T013000Z`);
  });

  it("gives run ids that sort as the runs happened", () => {
    const starts = [
      "2026-09-30T23:59:59Z",
      "2026-10-01T00:00:00Z",
      "2026-10-01T00:00:01Z",
      "2027-01-01T00:00:00Z",
    ];
    const runIds = starts.map((start) => runFolder(TENANT_ID, new Date(start)).runId);
    assert.deepEqual(runIds.toSorted(), runIds);
  });
});

describe("folderOf", () => {
  it("gives the folder of a run by its id", () => {
    const folder = runFolder(TENANT_ID, new Date("2026-11-22T02:00:00Z"));
    assert.deepEqual(folderOf(TENANT_ID, folder.runId), folder);
  });
});

describe("isRunId", () => {
  it("knows the form", () => {
    assert.equal(isRunId("20261122T020000Z"), true);
    for (const text of [
      "",
      "latest",
      "2026-11-22",
      "20261122T020000",
      "20261122T020000Z/",
      "x20261122T020000Z\n",
    ]) {
      assert.equal(isRunId(text), false, text);
    }
  });
});

describe("the names of blobs", () => {
  const folder = folderOf(TENANT_ID, "20261122T020000Z");

  it("are those that readers rely on", () => {
    assert.equal(tenantFolder(TENANT_ID), `tenant=${TENANT_ID}`);
    assert.equal(manifestPath(folder), `${FOLDER}/manifest.json`);
    assert.equal(latestPath(TENANT_ID), `tenant=${TENANT_ID}/latest.json`);
    assert.equal(lockPath(TENANT_ID), `tenant=${TENANT_ID}/run.lock`);
    assert.equal(partName(0), "users-00000.ndjson.gz");
    assert.equal(partName(12_345), "users-12345.ndjson.gz");
  });
});

describe("runIdOfManifest", () => {
  it("finds the run of a manifest", () => {
    assert.equal(runIdOfManifest(`${FOLDER}/manifest.json`), "20261122T020000Z");
  });

  it("finds none in any other blob", () => {
    for (const path of [
      `${FOLDER}/users-00000.ndjson.gz`,
      `${FOLDER}/manifest.json.bak`,
      `${FOLDER}/old/manifest.json`,
      `${FOLDER}/my-manifest.json`,
      `tenant=${TENANT_ID}/latest.json`,
      "manifest.json",
      "",
    ]) {
      assert.equal(runIdOfManifest(path), undefined, path);
    }
  });
});
