import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { ChainVerification, Verification } from "../../src/archive/snapshots.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf, manifestPath } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";
import { failureOf, jsonOf, type Outcome, rollcallHere } from "./rollcall-process.ts";

/** What `verify --chain --json` prints. */
interface Printed {
  readonly chain: ChainVerification;
  readonly runs: readonly Verification[];
}

let storage: Storage;
let rig: Rig;
/** Oldest first. */
const nights: Manifest[] = [];

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 60 });
  for (let night = 0; night < 3; night++) nights.push(await rig.run());
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

function verify(...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(["verify", ...args], {
    ROLLCALL_TENANT_ID: rig.tenant.tenantId,
    ROLLCALL_STORAGE: storage.connectionString,
    ROLLCALL_CONTAINER: rig.container.containerName,
  });
}

function night(at: number): Manifest {
  return nights[at] ?? assert.fail();
}

/** Tells a night's manifest otherwise, consistent in itself, until the test ends. */
async function rewritten(manifest: Manifest, change: Partial<Manifest>): Promise<AsyncDisposable> {
  const path = manifestPath(folderOf(manifest.tenantId, manifest.runId));
  const sound = await rig.text(path);
  await rig.put(path, `${JSON.stringify({ ...JSON.parse(sound), ...change }, null, 2)}\n`);
  return { [Symbol.asyncDispose]: () => rig.put(path, sound) };
}

describe("rollcall verify --chain", () => {
  it("holds over real runs, and says in words how far it goes", async () => {
    const { exitCode, stdout, stderr } = await verify("--chain");
    assert.equal(exitCode, 0, stderr);
    const [first, , third] = nights;
    assert.equal(
      stdout,
      `✓ the chain holds: 3 runs, from ${third?.runId} back to ${first?.runId}\n    ${first?.runId} is the first run.\n`,
    );
    const { chain, runs } = jsonOf(await verify("--chain", "--json")) as Printed;
    assert.deepEqual([chain.holds, chain.runs, chain.end], [true, 3, "first-run"]);
    assert.deepEqual(runs, []);
  });

  it("reads parts as well if a run is named, or all", async () => {
    const one = jsonOf(await verify("--chain", night(1).runId, "--json")) as Printed;
    assert.deepEqual(
      one.runs.map(({ runId, whole }) => [runId, whole]),
      [[night(1).runId, true]],
    );
    const all = jsonOf(await verify("--chain", "--all", "--json")) as Printed;
    assert.equal(all.runs.length, 3);
    const { stdout } = await verify("--chain", "--all");
    assert.match(stdout, /^✓ the chain holds: [\s\S]*^✓ \w+ is whole: [\s\S]*^✓ \w+ is whole: /m);
  });

  it("ends at --since", async () => {
    const { exitCode, stdout } = await verify("--chain", "--since", night(2).runId);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^✓ the chain holds: 1 run, ${night(2).runId}\n`));
    assert.match(stdout, /not looked at \(--since\)/);
  });

  it("finds an older manifest that was rewritten, which verify alone calls whole", async () => {
    const run = night(1);
    await using _ = await rewritten(run, { warnings: [], source: { ...run.source, requests: 0 } });
    assert.equal((await verify(run.runId)).exitCode, 0);
    const { exitCode, stdout, stderr } = await verify("--chain");
    assert.equal(exitCode, 1);
    assert.match(stdout, /^✗ the chain does not hold\n {4}tenant=/);
    const words = stdout.replaceAll(/\s+/g, " ");
    assert.match(
      words,
      new RegExp(`run=${run.runId}/manifest.json it was rewritten: .* run ${night(2).runId} recorded`),
    );
    assert.match(words, new RegExp(`${night(2).runId} is the last run up to which the links hold`));
    assert.match(stderr, /^rollcall: chain-broken\n/);
    assert.match(stderr.replaceAll(/\s+/g, " "), new RegExp(`Believe no run before ${night(2).runId} until`));
    const asJson = await verify("--chain", "--json");
    assert.equal(failureOf(asJson).code, "chain-broken");
    assert.equal((JSON.parse(asJson.stdout) as Printed).chain.oldest, night(2).runId);
  });

  it("takes no --since without --chain, and no --since that is neither run nor date", async () => {
    assert.equal((await verify("--since", "2026")).exitCode, 2);
    for (const since of ["yesterday", "2026-1", "20261122T020000Z1", "1"])
      assert.equal((await verify("--chain", "--since", since)).exitCode, 2, since);
  });
});
