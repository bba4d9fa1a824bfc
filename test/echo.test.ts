import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { RollcallError } from "../src/error.ts";
import { loadFunctionApp, type RegisteredFunction } from "../src/sandbox/functions-worker.ts";
import type { FaultRule, SandboxRequest } from "../src/sandbox/service/fault.ts";
import { startForeignOrigin } from "../src/sandbox/service/foreign-origin.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { rollcallHere } from "./cli/rollcall-process.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { startStorageGate } from "./support/storage-gate.ts";
import { Eavesdropper, PICKS } from "./support/told.ts";

type Asked = Pick<FaultRule, "service" | "match">;

const SECRET = { ROLLCALL_CERTIFICATE_NAME: "", ROLLCALL_SECRET_NAME: "graph-secret" };
const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** Without a token the vault has to send its challenge, or it never gets one. */
const hasToken = ({ headers }: SandboxRequest) => headers.authorization !== undefined;

/** Whatever is asked with a credential. The identity comes first: its token is kept once it was given. */
const QUESTIONS: Readonly<Record<string, Asked>> = {
  "the managed identity": { service: "identity" },
  "the vault for a secret": { service: "vault", match: (asked) => hasToken(asked) && isGet(asked) },
  "the vault for all versions": { service: "vault", match: (asked) => hasToken(asked) && !isGet(asked) },
  "Entra for its metadata": { service: "entra", match: ({ method }) => method === "GET" },
  "Entra for a token": { service: "entra", match: ({ method }) => method === "POST" },
  "Graph for a count": { service: "graph", match: ({ path }) => path.endsWith("/$count") },
  "Graph for a page": { service: "graph", match: ({ page }) => page !== undefined },
};

/** Requests to the storage by the gate's names. */
const STORAGE_QUESTIONS: Readonly<Record<string, RegExp>> = {
  "to open the container": /^GET rig-[\w-]+$/,
  "to take the lock": /comp=lease acquire$/,
  "to list blobs": /comp=list/,
  "to read": /^(GET|HEAD) latest\.json$/,
  "to write": /^PUT users-/,
};

function isGet({ path }: SandboxRequest): boolean {
  return !path.endsWith("/versions");
}

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A tenant in which each question of a run is asked, the one for older versions of the secret, too. */
async function startAskedRig(question: string): Promise<Rig> {
  const rig = await startRig(storage, { users: 50, credential: "secret" });
  const { value } = rig.tenant.app.addSecret();
  if (question.includes("versions")) rig.tenant.vault.set("graph-secret", value, { enabled: false });
  Object.assign(process.env, rig.sandbox.environment, SECRET);
  return rig;
}

/** Everything that a thrown error could have printed of it. */
function printsOf(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return [inspect(error, { depth: 12, showHidden: true }), String(error), stack, JSON.stringify(error) ?? ""];
}

async function assertRefused(rig: Rig, overrides: Readonly<Record<string, string>>, ear: Eavesdropper) {
  const error = await rig.run({ settings: overrides }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  ear.assertUntold(...printsOf(error));
  if (error === undefined) return undefined;
  assert.ok(error instanceof RollcallError, inspect(error));
  assert.notEqual(error.code, "unexpected", error.message);
  assert.equal(error.cause, undefined);
  assert.deepEqual(await rig.orphans(), []);
  return error;
}

describe("an answer that repeats what it was sent is not told by a run that asked", () => {
  const statuses = [302, 400, 401, 403, 404, 409, 418, 429, 500, 503];

  for (const [question, asked] of Object.entries(QUESTIONS)) {
    it(question, async () => {
      await using rig = await startAskedRig(question);
      // The identity library waits for seconds before it asks again after these.
      const few = asked.service === "identity" ? [302, 400, 401, 403, 418] : statuses;
      for (const [what, pick] of Object.entries(PICKS)) {
        for (const status of few) {
          const ear = new Eavesdropper();
          using _ = rig.tenant.script({
            ...asked,
            ...ALWAYS,
            fault: { kind: "echo", ...ear.hearing({ status, pick }) },
          });
          const error = await assertRefused(rig, {}, ear);
          assert.ok(ear.heard > 0, `${status} ${what} was not heard`);
          // What Graph says of a count that there is none is no failure.
          if (!(asked === QUESTIONS["Graph for a count"] && status === 400)) {
            assert.ok(error, `${status} ${what} was taken for an answer`);
            assert.match(
              error.message,
              new RegExp(`\\b${status}\\b|knows no tenant|answer was not understood`),
            );
          }
        }
      }
    });
  }

  for (const [question, name] of Object.entries(STORAGE_QUESTIONS)) {
    it(`the storage ${question}`, { timeout: 120_000 }, async () => {
      await using rig = await startAskedRig(question);
      await rig.run();
      // Where a refusal is looked after with waits, only those that are final.
      const final = [302, 400, 401, 403, 404, 418];
      for (const [what, pick] of Object.entries(PICKS)) {
        for (const status of [...final, ...(question === "to read" && what.startsWith("all") ? [503] : [])]) {
          const ear = new Eavesdropper();
          const echo = (asked: string) => (name.test(asked) ? ear.hearing({ status, pick }) : undefined);
          await using gate = await startStorageGate(storage, rig.tenant.tls, undefined, echo);
          await assertRefused(rig, { ROLLCALL_STORAGE: gate.url }, ear);
          assert.ok(ear.heard > 0, `${status} was not heard in ${gate.requests.join(", ")}`);
        }
      }
    });
  }
});

describe("an answer that repeats what it was sent is not told on the command line", () => {
  for (const [question, asked] of Object.entries(QUESTIONS)) {
    it(question, { timeout: 120_000 }, async () => {
      await using rig = await startAskedRig(question);
      const environment = {
        ...rig.sandbox.environment,
        ROLLCALL_TIME_BUDGET_MINUTES: "0.2",
      };
      for (const status of [302, 400, 401, 403, 418]) {
        for (const args of [["snapshot"], ["snapshot", "--json"], ["doctor"], ["doctor", "--json"]]) {
          const ear = new Eavesdropper();
          using _ = rig.tenant.script({
            ...asked,
            ...ALWAYS,
            fault: { kind: "echo", ...ear.hearing({ status }) },
          });
          const { stdout, stderr } = await rollcallHere(args, environment);
          assert.ok(ear.heard > 0, `${status} was not heard`);
          ear.assertUntold(stdout, stderr);
          assert.doesNotMatch(stdout + stderr, /\n {4}at |unexpected/);
        }
      }
    });
  }

  for (const [question, name] of Object.entries(STORAGE_QUESTIONS)) {
    it(`the storage ${question}`, { timeout: 120_000 }, async () => {
      await using rig = await startAskedRig(question);
      await rig.run();
      for (const status of [302, 400, 403, 418]) {
        for (const args of [["snapshot"], ["list", "--json"], ["doctor", "--json"]]) {
          const ear = new Eavesdropper();
          const echo = (asked: string) => (name.test(asked) ? ear.hearing({ status }) : undefined);
          await using gate = await startStorageGate(storage, rig.tenant.tls, undefined, echo);
          const environment = { ...rig.sandbox.environment, ROLLCALL_STORAGE: gate.url };
          const { stdout, stderr } = await rollcallHere(args, environment);
          ear.assertUntold(stdout, stderr);
          assert.doesNotMatch(stdout + stderr, /\n {4}at |unexpected/);
        }
      }
    });
  }
});

describe("an answer that repeats what it was sent is told neither to the log nor to the host", () => {
  let timer: RegisteredFunction;
  before(async () => {
    const functions = await loadFunctionApp(".");
    [timer] = functions as [RegisteredFunction];
  });

  for (const [question, asked] of Object.entries(QUESTIONS)) {
    it(question, async () => {
      await using rig = await startAskedRig(question);
      for (const status of [302, 400, 401, 403, 409, 418]) {
        const ear = new Eavesdropper();
        using _ = rig.tenant.script({
          ...asked,
          ...ALWAYS,
          fault: { kind: "echo", ...ear.hearing({ status }) },
        });
        const { logs, error } = await timer.invokeTimer({
          IsPastDue: false,
          ScheduleStatus: null,
          Schedule: { AdjustForDST: true },
        });
        assert.ok(ear.heard > 0, `${status} was not heard`);
        ear.assertUntold(...logs.map(({ message }) => message), ...printsOf(error));
      }
    });
  }
});

describe("no redirect is followed", () => {
  const redirects = [301, 302, 303, 307, 308];

  for (const [question, asked] of Object.entries(QUESTIONS)) {
    it(`that comes where ${question} was asked`, async () => {
      await using rig = await startAskedRig(question);
      await using foreign = await startForeignOrigin(rig.tenant.tls);
      const { origin } =
        asked.service === "identity" ? new URL(rig.tenant.identity.endpoint) : rig.tenant[asked.service];
      for (const status of redirects) {
        for (const location of [`${foreign.origin}/elsewhere`, `${origin}/elsewhere`]) {
          const ear = new Eavesdropper();
          using _ = rig.tenant.script({
            ...asked,
            ...ALWAYS,
            fault: { kind: "echo", ...ear.hearing({ status, location }) },
          });
          await assertRefused(rig, {}, ear);
          assert.ok(ear.heard > 0);
        }
      }
      assert.equal(foreign.requests, 0);
      assert.deepEqual(
        rig.tenant.requests.filter(({ path }) => path.includes("elsewhere")),
        [],
      );
    });
  }

  for (const [question, name] of Object.entries(STORAGE_QUESTIONS)) {
    it(`that comes where the storage was asked ${question}`, async () => {
      await using rig = await startAskedRig(question);
      await using foreign = await startForeignOrigin(rig.tenant.tls);
      await rig.run();
      for (const status of redirects) {
        for (const base of [foreign.origin, ""]) {
          const location = `${base}/elsewhere`;
          const ear = new Eavesdropper();
          const echo = (asked: string) => (name.test(asked) ? ear.hearing({ status, location }) : undefined);
          await using gate = await startStorageGate(storage, rig.tenant.tls, undefined, echo);
          const error = await assertRefused(rig, { ROLLCALL_STORAGE: gate.url }, ear);
          assert.equal(error?.code, "storage-refused");
          assert.ok(!gate.requests.some((asked) => asked.includes("elsewhere")));
        }
      }
      assert.equal(foreign.requests, 0);
    });
  }
});
