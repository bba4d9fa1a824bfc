// The function app with several tenants: src/tenants and functions/ over a real queue.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { QueueServiceClient, StorageSharedKeyCredential } from "@azure/storage-queue";
import type { LastRun } from "../src/archive/snapshots.ts";
import { openSnapshots } from "../src/library.ts";
import {
  type Invocation,
  type LogLine,
  loadFunctionApp,
  type RegisteredFunction,
} from "../src/sandbox/functions-worker.ts";
import { runQueues } from "../src/sandbox/queue-host.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { ACCOUNT, ACCOUNT_KEY } from "../src/sandbox/storage.ts";
import { lastRunPath, lockPath } from "../src/snapshot/layout.ts";
import { startTestSandbox } from "./support/test-sandbox.ts";

let sandbox: Sandbox;
let functions: readonly RegisteredFunction[];
let queueUrl: string;
let nights = 0;

/** The app's own tenant and the others, each with a number of people that no other has. */
const everybody = () => [sandbox.tenant, ...sandbox.tenant.neighbours];

before(async () => {
  const neighbours = [21, 22, 23, 24, 25].map((users) => ({ users }));
  sandbox = await startTestSandbox({ users: 20, neighbours, queues: true });
  queueUrl = sandbox.queues?.url ?? assert.fail();
  Object.assign(process.env, sandbox.environment);
  functions = await loadFunctionApp(".");
});
after(() => sandbox[Symbol.asyncDispose]());
beforeEach(() => {
  // Each test has nights of its own.
  process.env.ROLLCALL_CONTAINER = `night-${process.pid}-${++nights}`;
  process.env.ROLLCALL_TENANTS = sandbox.environment.ROLLCALL_TENANTS;
});

function functionNamed(name: string): RegisteredFunction {
  return functions.find((registered) => registered.name === name) ?? assert.fail(`there is no ${name}`);
}

/** A moment ago, when the timer was due. */
function now(): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000);
}

/** The next night, for which no snapshot so far will do. */
function later(): Date {
  return new Date(now().getTime() + 1000);
}

function fire(slot: Date): Promise<Invocation> {
  return functionNamed("take-snapshot").invokeTimer({
    IsPastDue: false,
    ScheduleStatus: {
      Last: "0001-01-01T00:00:00",
      Next: slot.toISOString(),
      LastUpdated: slot.toISOString(),
    },
    Schedule: { AdjustForDST: true },
  });
}

/** Works until the queues are empty. */
async function work(): Promise<readonly Line[]> {
  const lines: LogLine[] = [];
  await runQueues(queueUrl, { functions, onLog: (line) => lines.push(line) });
  return lines.map(({ level, message }) => ({ level, ...asObject(message) }));
}

type Line = Readonly<Record<string, unknown>>;

function asObject(message: string): Line {
  return message.startsWith("{") ? (JSON.parse(message) as Line) : { message };
}

function queue() {
  const credential = new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY);
  return new QueueServiceClient(queueUrl, credential).getQueueClient("rollcall-tenants");
}

function container(): ContainerClient {
  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  return service.getContainerClient(process.env.ROLLCALL_CONTAINER ?? "");
}

async function blobsEndingWith(end: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of container().listBlobsFlat()) if (name.endsWith(end)) names.push(name);
  return names;
}

/** Tenants of the manifests, one for each. */
async function snapshotted(): Promise<readonly string[]> {
  const manifests = await blobsEndingWith("/manifest.json");
  return manifests.map((name) => /^tenant=([^/]+)/.exec(name)?.[1] ?? "").sort();
}

async function lastRunOf(tenantId: string): Promise<LastRun> {
  const body = await container().getBlobClient(lastRunPath(tenantId)).downloadToBuffer();
  return JSON.parse(body.toString()) as LastRun;
}

function outcomes(lines: readonly Line[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome } of lines) counts[String(outcome)] = (counts[String(outcome)] ?? 0) + 1;
  return counts;
}

const ids = () =>
  everybody()
    .map(({ tenantId }) => tenantId)
    .sort();

describe("the function app with several tenants", () => {
  it("registers the timer and both queues, in the host's own storage", () => {
    const bindings = Object.fromEntries(
      functions.map(({ name, bindings }) => [name, Object.values(bindings)[0]] as const),
    );
    assert.deepEqual(Object.keys(bindings).sort(), [
      "snapshot-tenant",
      "snapshot-tenant-poison",
      "take-snapshot",
    ]);
    const { type, queueName, connection } = bindings["snapshot-tenant"] ?? assert.fail();
    assert.deepEqual(
      [type, queueName, connection],
      ["queueTrigger", "rollcall-tenants", "AzureWebJobsStorage"],
    );
    assert.equal(bindings["snapshot-tenant-poison"]?.queueName, "rollcall-tenants-poison");
  });

  it("takes one snapshot of each, of its own people and nobody else's", async () => {
    const slot = now();
    const { logs, error } = await fire(slot);
    assert.equal(error, undefined);
    const queued = asObject(logs[0]?.message ?? "");
    assert.deepEqual(
      { ...queued },
      {
        event: "rollcall.snapshot",
        outcome: "queued",
        slot: slot.toISOString(),
        tenants: 6,
        disabled: 0,
        warnings: [],
        pastDue: false,
        attempt: 1,
      },
    );
    const lines = await work();
    assert.deepEqual(outcomes(lines), { committed: 6 });
    assert.ok(lines.every((line) => line.slot === slot.toISOString() && line.attempt === 1));
    assert.deepEqual(await snapshotted(), ids());
    const asked = sandbox.tenant.requests.filter(
      ({ service, status }) => service === "vault" && status === 200,
    );
    assert.equal(asked.length, 1, "the vault was read more than once");
    for (const { tenantId, directory } of everybody()) {
      const snapshots = await openSnapshots({
        storage: sandbox.storage.connectionString,
        container: process.env.ROLLCALL_CONTAINER,
        tenantId,
      });
      const found = new Set((await Array.fromAsync((await snapshots.latest()).users())).map(({ id }) => id));
      assert.deepEqual(found, new Set(directory.ids()));
    }
    // The next night is another one.
    await fire(later());
    assert.deepEqual(outcomes(await work()), { committed: 6 });
  });

  it("takes none twice, however often the timer fires and a message is delivered", async () => {
    const slot = now();
    await fire(slot);
    await fire(slot);
    assert.deepEqual(outcomes(await work()), { committed: 6, present: 6 });
    await fire(slot);
    const lines = await work();
    assert.deepEqual(outcomes(lines), { present: 6 });
    assert.ok(lines.every(({ level }) => level === "information"));
    assert.deepEqual(await snapshotted(), ids());
  });

  it("lets a tenant without consent fail alone, with its consent page, in one line in the end", async () => {
    const [, withdrawn = assert.fail(), never = assert.fail()] = everybody();
    withdrawn.app.roles.clear();
    never.app.isInstalled = false;
    const slot = now();
    await fire(slot);
    const lines = await work();
    withdrawn.app.roles.add("User.Read.All");
    never.app.isInstalled = true;
    assert.deepEqual(outcomes(lines), { committed: 4, retrying: 8, failed: 2 });
    for (const [{ tenantId }, cause] of [
      [withdrawn, "graph-permission-missing"],
      [never, "client-not-found"],
    ] as const) {
      const told = lines.filter(({ level, tenant }) => level === "error" && tenant === tenantId);
      assert.equal(told.length, 1);
      const [{ code, cause: found, remedy, slot: night } = assert.fail()] = told;
      assert.deepEqual([code, found, night], ["tenant-given-up", cause, slot.toISOString()]);
      assert.ok(String(remedy).includes(`/${tenantId}/adminconsent?client_id=`), String(remedy));
      assert.equal((await lastRunOf(tenantId)).failure?.code, cause);
    }
    assert.equal((await snapshotted()).length, 4);
    await fire(slot);
    assert.deepEqual(outcomes(await work()), { committed: 2, present: 4 });
  });

  it("tells of messages that somebody wrote, does not try them again, and goes on", async () => {
    const slot = now().toISOString();
    const schema = "rollcall.tenant/1";
    const [{ tenantId } = assert.fail()] = everybody();
    await queue().createIfNotExists();
    for (const text of [
      "please take contoso",
      "",
      "[]",
      '{"tenant":"contoso.com"}',
      JSON.stringify({ schema: "rollcall.tenant/2", tenant: tenantId, slot }),
      JSON.stringify({ schema, tenant: "../../etc", slot }),
      JSON.stringify({ schema, tenant: tenantId, slot: "tonight" }),
      JSON.stringify({ schema, tenant: tenantId, slot: "2999-01-01T00:00:00Z" }),
    ].filter((text) => text !== "")) {
      await queue().sendMessage(text);
    }
    // Base64, as the portal writes it.
    await queue().sendMessage(
      Buffer.from(JSON.stringify({ schema, tenant: tenantId, slot })).toString("base64"),
    );
    // As little as will do.
    const [, other = assert.fail()] = everybody();
    await queue().sendMessage(JSON.stringify({ tenant: other.domain, slot }));
    const lines = await work();
    assert.deepEqual(outcomes(lines), { failed: 7, committed: 2 });
    const told = lines.filter(({ outcome }) => outcome === "failed");
    assert.ok(told.every(({ code, level }) => code === "tenant-message-invalid" && level === "error"));
    assert.deepEqual(
      told.map(({ problem }) => problem).sort(),
      [
        "it is no JSON object",
        "it is no JSON object",
        "its schema is not rollcall.tenant/1",
        "its slot is in the future",
        "its slot is no time in UTC",
        "its slot is no time in UTC",
        "its tenant must be a directory id or a verified domain",
      ].sort(),
    );
  });

  it("comes back to a tenant that another worker is at work on", { timeout: 120_000 }, async () => {
    await fire(now());
    await work();
    const [{ tenantId } = assert.fail()] = everybody();
    const lease = container().getBlobClient(lockPath(tenantId)).getBlobLeaseClient();
    await lease.acquireLease(60);
    setTimeout(() => void lease.releaseLease(), 22_000);
    await fire(later());
    const lines = await work();
    // Nobody has waited for it.
    assert.deepEqual(
      lines.map(({ outcome }) => outcome),
      [...Array(5).fill("committed"), "retrying", "committed"],
    );
    assert.equal(lines.find(({ outcome }) => outcome === "retrying")?.code, "lock-held");
    assert.equal((await snapshotted()).length, 12);
  });

  it("signs in once for a tenant whose first attempt failed at Graph", async () => {
    const [, { tenantId } = assert.fail()] = everybody();
    const stop = sandbox.tenant.script({
      service: "graph",
      fault: { kind: "errorAs200" },
      times: Number.POSITIVE_INFINITY,
    });
    const asked = sandbox.tenant.requests.length;
    await queue().createIfNotExists();
    const message = { schema: "rollcall.tenant/1", tenant: tenantId, slot: now().toISOString() };
    await queue().sendMessage(JSON.stringify(message));
    const lines: Line[] = [];
    await runQueues(queueUrl, {
      functions,
      onLog: (line) => {
        lines.push(asObject(line.message));
        stop();
      },
    });
    assert.deepEqual(outcomes(lines), { retrying: 1, committed: 1 });
    const signIns = sandbox.tenant.requests.slice(asked).filter(({ service }) => service === "entra");
    assert.deepEqual(signIns.map(({ method }) => method).sort(), ["GET", "POST"]);
  });

  it("tells of what is wrong with the list, and of a tenant by its id and its domain, and takes the others", async () => {
    const [one = assert.fail(), other = assert.fail()] = everybody();
    process.env.ROLLCALL_TENANTS = [one.tenantId, other.domain, other.tenantId, "s3cret", one.domain].join();
    const { logs } = await fire(now());
    const warnings = logs.filter(({ level }) => level === "warning").map(({ message }) => message);
    assert.deepEqual(warnings, [
      "tenant-left-out: ROLLCALL_TENANTS: entry 4 is neither a directory id nor a domain; it was left out.",
      `tenant-left-out: ${other.tenantId} is the same tenant as ${other.domain}, ${other.tenantId}; it was left out.`,
      `tenant-left-out: ${one.domain} is the same tenant as ${one.tenantId}, ${one.tenantId}; it was left out.`,
    ]);
    const queued = asObject(logs.at(-1)?.message ?? "");
    assert.deepEqual([queued.tenants, queued.warnings], [2, warnings]);
    assert.deepEqual(outcomes(await work()), { committed: 2 });
  });

  it("gives up on a tenant that nobody knows, which costs the others nothing", async () => {
    const [one = assert.fail(), other = assert.fail()] = everybody();
    const unknown = randomUUID();
    process.env.ROLLCALL_TENANTS = [one.tenantId, "nobody.example", unknown, other.tenantId].join();
    await fire(now());
    const lines = await work();
    assert.deepEqual(outcomes(lines), { committed: 2, retrying: 8, failed: 2 });
    const told = lines
      .filter(({ outcome }) => outcome === "failed")
      .map(({ tenant, cause }) => [tenant, cause]);
    assert.deepEqual(
      new Map(told as [string, string][]),
      new Map([
        ["nobody.example", "tenant-not-found"],
        [unknown, "tenant-not-found"],
      ]),
    );
  });

  it("reads the list from a blob, and fails the night in words where there is none", async () => {
    process.env.ROLLCALL_TENANTS = "@tenants.json";
    const { logs, error } = await fire(now());
    assert.equal((error as { code?: string }).code, "tenant-list-unusable");
    assert.equal(asObject(logs[0]?.message ?? "").code, "tenant-list-unusable");
    const [one = assert.fail(), other = assert.fail(), third = assert.fail()] = everybody();
    await container().createIfNotExists();
    const list = [
      { tenant: one.tenantId, name: "One" },
      { tenant: other.domain, name: "Other" },
      { tenant: third.tenantId, enabled: false },
    ];
    await container()
      .getBlockBlobClient("tenants.json")
      .uploadData(Buffer.from(JSON.stringify(list)));
    const night = await fire(now());
    const { tenants, disabled } = asObject(night.logs[0]?.message ?? "");
    assert.deepEqual([tenants, disabled], [2, 1]);
    assert.deepEqual(outcomes(await work()), { committed: 2 });
    assert.deepEqual(await snapshotted(), [one.tenantId, other.tenantId].sort());
  });

  it("leaves out a tenant that any of its entries disables, by id or by domain", async () => {
    process.env.ROLLCALL_TENANTS = "@tenants.json";
    const [one = assert.fail(), other = assert.fail(), third = assert.fail(), fourth = assert.fail()] =
      everybody();
    const list = [
      { tenant: one.domain },
      { tenant: one.tenantId, enabled: false },
      { tenant: other.domain, enabled: false },
      { tenant: other.tenantId },
      { tenant: third.tenantId },
      { tenant: third.tenantId.toUpperCase(), enabled: false },
      { tenant: fourth.tenantId },
    ];
    await container().createIfNotExists();
    await container()
      .getBlockBlobClient("tenants.json")
      .uploadData(Buffer.from(JSON.stringify(list)));
    const { logs } = await fire(now());
    assert.deepEqual(
      logs.filter(({ level }) => level === "warning").map(({ message }) => message),
      [
        `tenant-left-out: tenants.json: entry 6 is ${third.tenantId} once more, and disabled: it counts as disabled.`,
        `tenant-left-out: ${one.domain} is the same tenant as ${one.tenantId}, ${one.tenantId}, which is disabled; it was left out.`,
        `tenant-left-out: ${other.tenantId} is the same tenant as ${other.domain}, ${other.tenantId}, which is disabled; it was left out.`,
      ],
    );
    assert.deepEqual(await work(), []);
    assert.deepEqual(await snapshotted(), [fourth.tenantId]);
  });

  it("has the timer take the snapshot of a single tenant itself", async () => {
    const [{ tenantId } = assert.fail()] = everybody();
    process.env.ROLLCALL_TENANTS = tenantId;
    const { logs } = await fire(now());
    assert.equal(asObject(logs[0]?.message ?? "").outcome, "committed");
    assert.deepEqual(await work(), []);
    assert.deepEqual(await snapshotted(), [tenantId]);
  });

  it("says what it lacks when the host's queue does not take messages", async () => {
    process.env.AzureWebJobsStorage__queueServiceUri = "https://127.0.0.1:1/devstoreaccount1";
    try {
      const { error } = await fire(now());
      const { code, problem } = error as { readonly code?: string; readonly problem?: string };
      assert.equal(code, "queue-unusable");
      assert.match(problem ?? "", /\(ECONNREFUSED\), for 6 of 6 tenants/);
      process.env.AzureWebJobsStorage__queueServiceUri = "";
      assert.equal(((await fire(now())).error as { code?: string }).code, "settings-invalid");
    } finally {
      process.env.AzureWebJobsStorage__queueServiceUri = queueUrl;
    }
  });

  it("checks what is wrong for all of them once, in the timer", async () => {
    process.env.ROLLCALL_CONCURRENCY = "many";
    const { error } = await fire(now());
    delete process.env.ROLLCALL_CONCURRENCY;
    assert.equal((error as { code?: string }).code, "settings-invalid");
    assert.deepEqual(await work(), []);
  });
});
