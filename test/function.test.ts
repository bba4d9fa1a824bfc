import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadFunctionApp, type RegisteredFunction } from "../src/sandbox/functions-worker.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { startTestSandbox } from "./support/test-sandbox.ts";

const NIGHTLY = {
  IsPastDue: false,
  ScheduleStatus: {
    Last: "0001-01-01T00:00:00",
    Next: "2026-11-22T02:00:00Z",
    LastUpdated: "2026-11-21T02:00:01Z",
  },
  Schedule: { AdjustForDST: true },
};

let sandbox: Sandbox;
let timer: RegisteredFunction;

before(async () => {
  sandbox = await startTestSandbox({ users: 1200 });
  Object.assign(process.env, sandbox.environment);
  const functions = await loadFunctionApp(".");
  assert.equal(functions.length, 1);
  [timer] = functions as [RegisteredFunction];
});
after(() => sandbox[Symbol.asyncDispose]());

describe("the built function app, loaded as the worker does", () => {
  it("registers one monitored timer whose schedule is a setting", () => {
    assert.equal(timer.name, "take-snapshot");
    const [binding] = Object.values(timer.bindings);
    assert.equal(binding?.type, "timerTrigger");
    assert.equal(binding?.direction, "in");
    assert.equal(binding?.schedule, "%ROLLCALL_SCHEDULE%");
    assert.equal(binding?.runOnStartup, false);
    assert.equal(binding?.useMonitor, true);
    const { maxRetryCount, retryStrategy, delayInterval } = timer.retryOptions as Record<string, unknown>;
    assert.deepEqual([maxRetryCount, retryStrategy, delayInterval], [2, "fixedDelay", { seconds: 300 }]);
  });

  it("takes a snapshot and logs one JSON line about it", async () => {
    const { logs, error } = await timer.invokeTimer(NIGHTLY);
    assert.equal(error, undefined);
    assert.equal(logs.length, 1);
    const summary = JSON.parse(logs[0]?.message ?? "");
    assert.equal(logs[0]?.level, "information");
    assert.equal(summary.event, "rollcall.snapshot");
    assert.equal(summary.outcome, "committed");
    assert.equal(summary.users, sandbox.tenant.directory.size);
    assert.equal(summary.pastDue, false);
    assert.equal(summary.attempt, 1);
  });

  it("signs in the vault where a key is named, and logs which", async () => {
    process.env.ROLLCALL_SIGNING_KEY_NAME = "manifest-key";
    const { logs, error } = await timer.invokeTimer(NIGHTLY);
    delete process.env.ROLLCALL_SIGNING_KEY_NAME;
    assert.equal(error, undefined);
    const { signedBy } = JSON.parse(logs[0]?.message ?? "");
    const { version } = sandbox.tenant.vault.keys.find("manifest-key", undefined) ?? {};
    assert.equal(signedBy, `${sandbox.tenant.vault.origin}/keys/manifest-key/${version}`);
    assert.ok(!(logs[0]?.message ?? "").includes("eyJ"));
  });

  it("fails the invocation, with one JSON line and no secret, when the run fails", async () => {
    sandbox.tenant.app.roles.clear();
    sandbox.tenant.tokenLifetimeSeconds = 3599;
    const { logs, error } = await timer.invokeTimer(NIGHTLY);
    assert.ok(error instanceof Error);
    assert.equal(logs.length, 1);
    assert.equal(logs[0]?.level, "error");
    const summary = JSON.parse(logs[0]?.message ?? "");
    assert.equal(summary.outcome, "failed");
    assert.equal(summary.code, "graph-permission-missing");
    assert.equal(summary.azure.status, 403);
    for (const secret of [
      sandbox.secret,
      "PRIVATE KEY",
      "eyJ0eXAi",
      "eyJhbGci",
      sandbox.tenant.identity.header,
    ]) {
      assert.ok(!`${logs[0]?.message}${error.stack}`.includes(secret));
    }
    sandbox.tenant.app.roles.add("User.Read.All");
  });

  it("warns in a line of its own of a credential that ends soon", async () => {
    const expiresOn = new Date(Date.now() + 5.5 * 86_400_000);
    sandbox.tenant.vault.set("ending", sandbox.tenant.app.addSecret({ expiresOn }).value, { expiresOn });
    delete process.env.ROLLCALL_CERTIFICATE_NAME;
    process.env.ROLLCALL_SECRET_NAME = "ending";
    const { logs } = await timer.invokeTimer(NIGHTLY);
    assert.deepEqual(
      logs.map(({ level }) => level),
      ["warning", "information"],
    );
    assert.match(logs[0]?.message ?? "", /secret ending .* expires in 5 days/);
    assert.equal(JSON.parse(logs[1]?.message ?? "").warnings.length, 1);
  });

  it("stops when the host shuts down", async () => {
    sandbox.tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      fault: { kind: "before", run: () => timer.terminate() },
    });
    const { error } = await timer.invokeTimer(NIGHTLY);
    assert.equal((error as { code?: string }).code, "terminated");
  });
});
