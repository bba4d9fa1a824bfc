import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { loadFunctionApp, type RegisteredFunction } from "../src/sandbox/functions-worker.ts";
import { startTestSandbox } from "./support/test-sandbox.ts";

let timer: RegisteredFunction;
before(async () => {
  [timer] = (await loadFunctionApp(".")) as [RegisteredFunction];
});

describe("the built function app without a secret", () => {
  for (const credential of ["federated", "managed-identity"] as const) {
    it(`takes a snapshot with ${credential}, and asks no vault`, async () => {
      await using sandbox = await startTestSandbox({ users: 50, credential });
      for (const name of Object.keys(process.env)) if (name.startsWith("ROLLCALL_")) delete process.env[name];
      Object.assign(process.env, sandbox.environment);
      const { logs, error } = await timer.invokeTimer({
        IsPastDue: false,
        ScheduleStatus: null,
        Schedule: { AdjustForDST: true },
      });
      assert.equal(error, undefined, logs[0]?.message);
      assert.equal(logs.length, 1);
      const summary = JSON.parse(logs[0]?.message ?? "");
      assert.equal(summary.outcome, "committed");
      assert.equal(summary.credential, credential);
      assert.equal(summary.credentialExpiresOn, null);
      assert.deepEqual(summary.warnings, []);
      assert.ok(sandbox.tenant.requests.every(({ service }) => service !== "vault"));
    });
  }
});
