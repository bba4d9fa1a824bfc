// Workers of several tenants that are killed again and again.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient, StorageSharedKeyCredential } from "@azure/storage-queue";
import { openSnapshots } from "../src/library.ts";
import { ACCOUNT, ACCOUNT_KEY } from "../src/sandbox/storage.ts";
import { compileCache } from "./support/compile-cache.ts";
import { startTestSandbox } from "./support/test-sandbox.ts";

const WORKER = fileURLToPath(new URL("support/queue-worker.ts", import.meta.url));
const KILLS = 12;

it("each tenant has one whole snapshot of the night, whatever is killed when, and each message is there twice", {
  timeout: 300_000,
}, async () => {
  const neighbours = Array.from({ length: 15 }, (_, index) => ({ users: 30 + index }));
  // Slow enough that kills hit runs at all stages.
  await using sandbox = await startTestSandbox({ users: 1500, neighbours, queues: true, latencyMs: 150 });
  const everybody = [sandbox.tenant, ...sandbox.tenant.neighbours];
  const slot = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
  const url = sandbox.queues?.url ?? assert.fail();
  const queue = new QueueServiceClient(url, new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY));
  const tenants = queue.getQueueClient("rollcall-tenants");
  await tenants.createIfNotExists();
  for (const { tenantId } of [...everybody, ...everybody]) {
    await tenants.sendMessage(JSON.stringify({ schema: "rollcall.tenant/1", tenant: tenantId, slot }));
  }

  const start = () => {
    const env = { ...process.env, ...sandbox.environment, ...compileCache() };
    return spawn(process.execPath, [WORKER], { env, stdio: ["ignore", "ignore", "pipe"] });
  };
  const workers: ChildProcess[] = [start(), start()];
  for (let kill = 0; kill < KILLS; kill++) {
    await delay(700 + 97 * kill);
    const victim = workers[kill % 2];
    if (!victim || victim.exitCode !== null) break;
    const gone = once(victim, "exit");
    victim.kill("SIGKILL");
    await gone;
    workers[kill % 2] = start();
  }
  const errors = await Promise.all(workers.map(({ stderr }) => (stderr ? text(stderr) : "")));

  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  const name = sandbox.environment.ROLLCALL_CONTAINER ?? "";
  const manifests: string[] = [];
  for await (const blob of service.getContainerClient(name).listBlobsFlat()) {
    if (blob.name.endsWith("/manifest.json")) manifests.push(/^tenant=([^/]+)/.exec(blob.name)?.[1] ?? "");
  }
  assert.deepEqual(manifests.sort(), everybody.map(({ tenantId }) => tenantId).sort(), errors.join());
  for (const { tenantId, directory } of everybody) {
    const snapshots = await openSnapshots({
      storage: sandbox.storage.connectionString,
      container: name,
      tenantId,
    });
    const snapshot = await snapshots.latest();
    assert.equal(snapshot.manifest.completeness.unique, directory.size);
    assert.equal((await snapshot.verify()).whole, true);
  }
});
