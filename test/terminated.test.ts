import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../src/clock.ts";
import type { FaultRule } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { latestPath, lockPath } from "../src/snapshot/layout.ts";
import { breakLease } from "./support/aftermath.ts";
import { compileCache } from "./support/compile-cache.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { type Strike, startStorageGate } from "./support/storage-gate.ts";

const HOST = fileURLToPath(new URL("support/functions-host.ts", import.meta.url));
/** As the Functions host does to a worker that it has told to end. */
const KILL_AFTER_MS = 5000;

/** What a run left behind that the host ended, or let end. */
interface Outcome {
  /** The summary line; absent when the process was gone before it. */
  readonly summary: Readonly<Record<string, unknown>> | undefined;
  readonly exitCode: number | null;
  readonly signalCode: NodeJS.Signals | null;
  readonly stderr: string;
  /** The writes to the storage, see `StorageGate`. */
  readonly writes: readonly string[];
}

/** Where the host ends the run: at a request to one of the tenant's services, or at a write to the storage. */
type Moment = Omit<FaultRule, "fault"> | { readonly write: RegExp; readonly moment: Strike["moment"] };

let storage: Storage;
let rig: Rig;
let writes: readonly string[];

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 15_000 });
  // The predecessor, and the writes of an undisturbed night.
  await runInHost();
  changeSomebody();
  ({ writes } = await runInHost());
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

// Whatever a test that failed has left: the others must not fail with it.
afterEach(async () => {
  await breakLease(rig);
  for (const name of await rig.orphans()) await rig.container.deleteBlob(name);
});

/** So that each night has changes to write. */
function changeSomebody(): void {
  const { directory } = rig.tenant;
  directory.update(directory.ids().next().value ?? "", { city: `Town ${Math.random()}` });
}

/** Runs the built function in a process of its own; the host ends it at the moment. */
async function runInHost(
  moment?: Moment,
  overrides: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  let host: ChildProcess | undefined;
  const end = async () => {
    if (!host) return;
    host.send("terminate");
    setTimeout(() => host?.kill("SIGKILL"), KILL_AFTER_MS).unref();
    await once(host, "message");
  };
  const strike =
    moment && "write" in moment
      ? { write: ordinalOf(moment.write), moment: moment.moment, run: end }
      : undefined;
  await using gate = await startStorageGate(storage, rig.tenant.tls, strike);
  using _rule =
    moment && !("write" in moment)
      ? rig.tenant.script({ ...moment, fault: { kind: "before", run: end } })
      : undefined;
  host = fork(HOST, [], {
    env: { ...rig.sandbox.environment, ROLLCALL_STORAGE: gate.url, ...compileCache(), ...overrides },
    execArgv: ["--unhandled-rejections=strict"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  return { ...(await outcomeOf(host)), writes: [...gate.writes] };
}

async function outcomeOf(host: ChildProcess): Promise<Omit<Outcome, "writes">> {
  assert.ok(host.stdout && host.stderr);
  const exited = once(host, "exit");
  const [stdout, stderr] = await Promise.all([text(host.stdout), text(host.stderr)]);
  await exited;
  const lines = stdout.trim().split("\n");
  const summary = lines.find((line) => line.startsWith("{"));
  return {
    summary: summary === undefined ? undefined : JSON.parse(summary),
    exitCode: host.exitCode,
    signalCode: host.signalCode,
    stderr,
  };
}

function ordinalOf(name: RegExp): number {
  const index = writes.findIndex((write) => name.test(write));
  assert.notEqual(index, -1, writes.join());
  return index + 1;
}

/** Ends a run at the moment and asserts that it left cleanly and in time, and that the next one is not hindered. */
async function leavesCleanly(moment: Moment, overrides?: Readonly<Record<string, string>>): Promise<void> {
  changeSomebody();
  const published = await rig.published();
  const { summary, exitCode, signalCode, stderr } = await runInHost(moment, overrides);
  assert.deepEqual([exitCode, signalCode, stderr], [0, null, ""], "the host had to kill it");
  assert.equal(summary?.code, "terminated", JSON.stringify(summary));
  assert.deepEqual(await rig.published(), published);
  await nextCommitsAtOnce();
}

async function nextCommitsAtOnce(): Promise<void> {
  assert.deepEqual(await rig.orphans(), [], "parts were left behind");
  const lock = rig.container.getBlobClient(lockPath(rig.tenant.tenantId));
  assert.equal((await lock.getProperties()).leaseState, "available");
  const { completeness } = await rig.run({ run: { clock: systemClock } });
  assert.equal(completeness.unique, rig.tenant.directory.size);
}

describe("a run that the Functions host ends", () => {
  it("at the lock, while another run holds it", async () => {
    const lock = rig.container.getBlobClient(lockPath(rig.tenant.tenantId)).getBlobLeaseClient();
    await lock.acquireLease(60);
    const { exitCode, summary } = await runInHost({
      write: /run\.lock comp=lease acquire/,
      moment: "before",
    });
    assert.deepEqual([exitCode, summary?.code], [0, "terminated"]);
    await lock.releaseLease();
    await nextCommitsAtOnce();
  });

  it("at the lock, whose lease it was just given", async () => {
    await leavesCleanly({ write: /run\.lock comp=lease acquire/, moment: "after" });
  });

  it("while the vault answers", async () => {
    await leavesCleanly({ service: "vault" });
  });

  it("while Entra answers", async () => {
    await leavesCleanly({ service: "entra" });
  });

  it("while the users are counted", async () => {
    await leavesCleanly({ service: "graph", match: ({ path }) => path.endsWith("$count") });
  });

  it("in the middle of the listing, page after page", async () => {
    await leavesCleanly(
      { service: "graph", match: ({ page }) => page === 15 },
      { ROLLCALL_LISTING: "sequential" },
    );
  });

  it("in the middle of the listing in slices", async () => {
    await leavesCleanly(
      { service: "graph", match: ({ page }) => page === 1, after: 8 },
      { ROLLCALL_LISTING: "sliced", ROLLCALL_CONCURRENCY: "16" },
    );
  });

  it("when a part was stored whose answer it does not hear any more", async () => {
    await leavesCleanly({ write: /users-00000/, moment: "after" });
  });

  it("while the last part is on its way", async () => {
    await leavesCleanly({ write: /users-00001/, moment: "before" });
  });

  it("while the changes are written", async () => {
    await leavesCleanly({ write: /changes-00000/, moment: "after" });
  });

  it("right before the manifest, with all parts and changes written", async () => {
    await leavesCleanly({ write: /run\.lock comp=lease renew/, moment: "after" });
  });

  for (const moment of ["before", "after"] as const) {
    for (const blob of [/manifest/, /latest/]) {
      it(`${moment} ${blob.source} is written: finishes the few requests of its commit`, async () => {
        changeSomebody();
        const { exitCode, signalCode, stderr, summary } = await runInHost({ write: blob, moment });
        assert.deepEqual([exitCode, signalCode, stderr], [0, null, ""]);
        assert.equal(summary?.outcome, "committed", JSON.stringify(summary));
        const latest = (await rig.json(latestPath(rig.tenant.tenantId))) as { readonly runId: string };
        assert.equal(latest.runId, summary?.runId);
        await nextCommitsAtOnce();
      });
    }
  }

  it("before it began: an invocation that comes after the end asks for nothing", async () => {
    const asked = rig.tenant.requests.length;
    const published = await rig.published();
    await using gate = await startStorageGate(storage, rig.tenant.tls);
    const host = fork(HOST, ["--late"], {
      env: { ...rig.sandbox.environment, ROLLCALL_STORAGE: gate.url, ...compileCache() },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const { exitCode, summary } = await outcomeOf(host);
    assert.deepEqual([exitCode, summary?.code], [0, "terminated"]);
    assert.deepEqual([gate.writes, rig.tenant.requests.length], [[], asked]);
    assert.deepEqual(await rig.published(), published);
  });
});
