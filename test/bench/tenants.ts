import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect, parseArgs } from "node:util";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { QueueServiceClient, StorageSharedKeyCredential } from "@azure/storage-queue";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { ACCOUNT, ACCOUNT_KEY } from "../../src/sandbox/storage.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { scriptFaults } from "./faults.ts";
import type { WorkerReport } from "./tenant-worker.ts";

const WORKER = fileURLToPath(new URL("tenant-worker.ts", import.meta.url));
const WORKERS = 4;
const KILL_EVERY_MS = 10_000;
const FAULT_SHARE = 0.05;

/** What a night is of. */
export interface NightOptions {
  readonly count: number;
  /** Of all tenants together. */
  readonly users: number;
  /** Milliseconds before each of Graph's answers. */
  readonly latencyMs: number;
  /** Whether 5 % of Graph's answers are errors, and a worker is killed every ten seconds. */
  readonly kills: boolean;
}

/**
 * Measures a night of many tenants with the built function. Four workers in processes of their own stand for instances;
 * tenants, queue and storage share the machine with them.
 */
export async function measureTenants({ count, users, latencyMs, kills }: NightOptions): Promise<string> {
  /** From 20 to 5,000 people, most tenants being small, and as many in all as are wanted. */
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1) ** 0.6);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sizes = weights.map((weight) => Math.min(5000, Math.max(20, Math.round((users * weight) / total))));
  const [first = 20, ...others] = sizes;
  await using sandbox = await startSandbox({
    users: first,
    neighbours: others.map((users) => ({ users })),
    latencyMs: latencyMs,
    queues: true,
  });
  trustSandbox(sandbox.tenant.tls);
  const everybody = [sandbox.tenant, ...sandbox.tenant.neighbours];
  if (kills) scriptFaults(sandbox.tenant, FAULT_SHARE);

  const queues = new QueueServiceClient(
    sandbox.queues?.url ?? "",
    new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY),
  );
  const queue = queues.getQueueClient("rollcall-tenants");
  await queue.createIfNotExists();
  const slot = new Date(Math.floor(Date.now() / 1000) * 1000).toISOString();
  for (const { tenantId } of everybody) {
    await queue.sendMessage(JSON.stringify({ schema: "rollcall.tenant/1", tenant: tenantId, slot }));
  }

  const startedMs = performance.now();
  const start = () => {
    const env = { ...process.env, ...sandbox.environment };
    const child = spawn(process.execPath, [WORKER], { env, stdio: ["ignore", "pipe", "inherit"] });
    return { child, said: text(child.stdout) };
  };
  const workers = Array.from({ length: WORKERS }, start);
  const started = [...workers];
  let killed = 0;
  const isDone = (child: ChildProcess) => child.exitCode !== null;
  for (let turn = 0; kills && !workers.every(({ child }) => isDone(child)); turn++) {
    await Promise.race([
      delay(KILL_EVERY_MS),
      ...workers.map(({ child }) => (isDone(child) ? delay(KILL_EVERY_MS) : once(child, "exit"))),
    ]);
    const worker = workers[turn % WORKERS];
    if (!worker || isDone(worker.child)) continue;
    worker.child.kill("SIGKILL");
    await once(worker.child, "exit");
    const next = start();
    workers[turn % WORKERS] = next;
    started.push(next);
    killed++;
  }
  const reports = (await Promise.all(started.map(({ said: output }) => output))).flatMap(lastReport);
  const minutes = (performance.now() - startedMs) / 60_000;

  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  const container = service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "");
  const { requests } = sandbox.tenant;
  const sum = (of: (report: WorkerReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const perTenant = (of: string) =>
    (requests.filter(({ service: name }) => name === of).length / count).toFixed(1);
  return inspect(
    {
      tenants: count,
      users: sizes.reduce((sum, size) => sum + size, 0),
      minutes: minutes.toFixed(1),
      kills: killed,
      ...(await snapshotsIn(container, everybody)),
      cpuMsPerTenant: Math.round(sum(({ cpuMs }) => cpuMs) / count),
      peakRssMb: Math.round(Math.max(...reports.map(({ rssMb }) => rssMb))),
      requestsPerTenant: { graph: perTenant("graph"), entra: perTenant("entra") },
      storageRequestsPerTenant: (sum(({ storageRequests }) => storageRequests) / count).toFixed(1),
      vaultReads: requests.filter(({ service: name, status }) => name === "vault" && status === 200).length,
      identityRequests: requests.filter(({ service: name }) => name === "identity").length,
      outcomes: addUp(reports.map(({ outcomes }) => outcomes)),
    },
    { breakLength: 100 },
  );
}

/** What a worker said last; one that was killed may have died in the middle of a line. */
function lastReport(output: string): readonly WorkerReport[] {
  const line = output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1);
  return line ? [JSON.parse(line) as WorkerReport] : [];
}

/** How many tenants have the snapshot of all of their people, once, and how many have another or a second one. */
async function snapshotsIn(
  container: ContainerClient,
  everybody: readonly Pick<Tenant, "tenantId" | "directory">[],
) {
  const users = new Map<string, number[]>();
  for await (const { name } of container.listBlobsFlat()) {
    const tenantId = /^tenant=([^/]+)\/.*\/manifest\.json$/.exec(name)?.[1];
    if (tenantId === undefined) continue;
    const { completeness } = JSON.parse(String(await container.getBlobClient(name).downloadToBuffer()));
    users.set(tenantId, [...(users.get(tenantId) ?? []), completeness.unique]);
  }
  const right = everybody.filter(({ tenantId, directory }) => users.get(tenantId)?.[0] === directory.size);
  return {
    snapshots: right.length,
    missingOrWrong: everybody.length - right.length,
    twice: [...users.values()].filter(({ length }) => length > 1).length,
  };
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((each) => Object.entries(each))) {
    total[name] = (total[name] ?? 0) + count;
  }
  return total;
}

// After `npm run build`: `node test/bench/tenants.ts [--tenants 1000] [--users 1000000] [--latency 300] [--kill]`.
if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      tenants: { type: "string", default: "1000" },
      users: { type: "string", default: "1000000" },
      latency: { type: "string", default: "300" },
      kill: { type: "boolean", default: false },
    },
  });
  const { tenants, users, latency, kill } = values;
  const night = { count: Number(tenants), users: Number(users), latencyMs: Number(latency), kills: kill };
  console.log(await measureTenants(night));
}
