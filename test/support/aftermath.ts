import assert from "node:assert/strict";
import { DefaultAzureCredential } from "@azure/identity";
import { readLatest } from "../../src/archive/latest.ts";
import { committedRuns } from "../../src/archive/reader.ts";
import { verifySnapshot } from "../../src/archive/verify.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { lockPath } from "../../src/snapshot/layout.ts";
import { type Container, openContainer } from "../../src/storage/container.ts";
import type { Rig } from "./rig.ts";

/** The container as a reader opens it. */
export function readingSide(rig: Rig, storage: Storage): Container {
  const place = { kind: "local", connectionString: storage.connectionString } as const;
  return openContainer(
    place,
    rig.container.containerName,
    new DefaultAzureCredential(),
    AbortSignal.timeout(30_000),
  );
}

/** Asserts that whatever a reader can find is whole, and tells what that is: committed runs and the latest. */
export async function assertNothingHalf(
  rig: Rig,
  storage: Storage,
): Promise<{ readonly runs: readonly string[]; readonly latest: string | undefined }> {
  if (!(await rig.container.exists())) return { runs: [], latest: undefined };
  const { tenantId } = rig.tenant;
  const container = readingSide(rig, storage);
  const runs = await committedRuns(container, tenantId);
  const manifests = (await rig.blobs()).filter((name) => name.endsWith("/manifest.json"));
  assert.equal(runs.length, manifests.length);
  const latest = await readLatest(container, tenantId);
  if (latest) {
    assert.ok(runs.includes(latest.runId), "latest.json points at no committed run");
    const { runId, problems } = await verifySnapshot(container, tenantId);
    assert.deepEqual([runId, problems], [latest.runId, []]);
  }
  for (const runId of runs.filter((runId) => runId !== latest?.runId)) {
    const { problems } = await verifySnapshot(container, tenantId, runId);
    assert.deepEqual(problems, [], `run ${runId}`);
  }
  return { runs, latest: latest?.runId };
}

/** Ends at once the lease that a killed run left behind and that would end by itself within 15 seconds. */
export async function breakLease(rig: Rig): Promise<void> {
  const lock = rig.container.getBlobClient(lockPath(rig.tenant.tenantId));
  if (!(await lock.exists())) return;
  const { leaseState } = await lock.getProperties();
  if (leaseState === "leased") await lock.getBlobLeaseClient().breakLease(0);
}
