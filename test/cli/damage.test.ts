import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { BlobServiceClient } from "@azure/storage-blob";
import type { Verification } from "../../src/archive/verify.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Latest, Manifest } from "../../src/snapshot/manifest.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { failureOf, jsonOf, type Outcome, rollcallHere, rollcallIn } from "./rollcall-process.ts";

/** Blobs by their path from the container. */
type Blobs = Map<string, Buffer>;
type Run = (...args: readonly string[]) => Promise<Outcome>;

let sandbox: Sandbox;
let service: BlobServiceClient;
let sound: Blobs;
let first: Manifest;
let second: Manifest;
let containers = 0;

before(async () => {
  sandbox = await startTestSandbox({ users: 300 });
  service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  const run = rollcallIn(sandbox, {}, rollcallHere);
  first = jsonOf(await run("snapshot", "--json")) as Manifest;
  // Run ids have whole seconds.
  await delay(1000 - (Date.now() % 1000));
  second = jsonOf(await run("snapshot", "--json")) as Manifest;
  sound = new Map();
  const container = service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "");
  for await (const { name } of container.listBlobsFlat()) {
    sound.set(name, await container.getBlobClient(name).downloadToBuffer());
  }
});
after(() => sandbox[Symbol.asyncDispose]());

/**
 * A container of its own with the two snapshots, changed. Commands on it run in this process: the account key makes an
 * identity unnecessary.
 */
async function changed(change: (blobs: Blobs) => void): Promise<Run> {
  const blobs = new Map(sound);
  change(blobs);
  const name = `changed-${process.pid}-${++containers}`;
  const { containerClient } = await service.createContainer(name);
  for (const [path, body] of blobs) await containerClient.getBlockBlobClient(path).uploadData(body);
  return rollcallIn(
    sandbox,
    { ROLLCALL_CONTAINER: name, ROLLCALL_STORAGE: sandbox.storage.connectionString },
    rollcallHere,
  );
}

function pathOf(manifest: Manifest, name: string): string {
  const date = manifest.startedAt.slice(0, 10);
  return `tenant=${manifest.tenantId}/date=${date}/run=${manifest.runId}/${name}`;
}

const PART = "users-00000.ndjson.gz";
const latestPath = () => `tenant=${second.tenantId}/latest.json`;
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/** Changes JSON in place. */
function edit<T extends object>(blobs: Blobs, path: string, change: (document: T) => object): void {
  const document = JSON.parse(String(blobs.get(path))) as T;
  blobs.set(path, Buffer.from(JSON.stringify({ ...document, ...change(document) })));
}

/** Changes the latest snapshot's users and then, as a forger would, whatever vouches for them. */
function forge(blobs: Blobs, change: (lines: readonly string[]) => readonly string[]): void {
  const path = pathOf(second, PART);
  const lines = gunzipSync(blobs.get(path) ?? "")
    .toString()
    .trimEnd()
    .split("\n");
  const part = gzipSync(`${change(lines).join("\n")}\n`);
  blobs.set(path, part);
  edit<Manifest>(blobs, pathOf(second, "manifest.json"), ({ parts }) => ({
    parts: parts.map((entry) => ({ ...entry, bytes: part.length, sha256: sha256(part) })),
  }));
  const manifest = blobs.get(pathOf(second, "manifest.json")) ?? Buffer.alloc(0);
  edit<Latest>(blobs, latestPath(), () => ({ sha256: sha256(manifest) }));
}

/** Fails with `snapshot-damaged`, or `code`, and names the blob. */
function assertRefused(outcome: Outcome, blob: string, code = "snapshot-damaged"): void {
  assert.equal(outcome.exitCode, 1, outcome.stdout);
  const failure = failureOf(outcome);
  assert.equal(failure.code, code);
  assert.ok(`${failure.doing} ${failure.problem}`.includes(blob), outcome.stderr);
}

/** What `verify --json` finds; asserts that it exits 1. */
async function problemsFound(run: Run, ...args: readonly string[]): Promise<Verification["problems"]> {
  const outcome = await run("verify", "--json", ...args);
  assert.equal(outcome.exitCode, 1, outcome.stdout);
  assert.equal(failureOf(outcome).code, "snapshot-damaged");
  const verification = JSON.parse(outcome.stdout) as Verification;
  assert.equal(verification.whole, false);
  return verification.problems;
}

describe("a part that was", () => {
  it("overwritten with as many other bytes is found before any user of it is written", async () => {
    const path = pathOf(second, PART);
    const run = await changed((blobs) => {
      const bytes = Buffer.from(blobs.get(path) ?? "");
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      blobs.set(path, bytes);
    });
    const users = await run("users", "--json");
    assertRefused(users, path);
    assert.equal(users.stdout, "");
    assert.deepEqual(await problemsFound(run), [
      { blob: path, problem: "its SHA-256 is not the one in the manifest" },
    ]);
  });

  it("cut is found by users, verify and show", async () => {
    const path = pathOf(second, PART);
    const run = await changed((blobs) =>
      blobs.set(path, blobs.get(path)?.subarray(0, -9) ?? Buffer.alloc(0)),
    );
    for (const command of ["users", "verify", "show"]) assertRefused(await run(command, "--json"), path);
  });

  it("removed is found by users, verify and show", async () => {
    const path = pathOf(second, PART);
    const run = await changed((blobs) => blobs.delete(path));
    for (const command of ["users", "verify", "show"]) assertRefused(await run(command, "--json"), path);
    assert.deepEqual(await problemsFound(run), [{ blob: path, problem: "the blob is missing" }]);
  });

  it("added is found by verify", async () => {
    const path = pathOf(second, "users-00001.ndjson.gz");
    const run = await changed((blobs) => blobs.set(path, gzipSync("{}\n")));
    assert.deepEqual(await problemsFound(run), [{ blob: path, problem: "the manifest does not list it" }]);
  });

  it("forged together with all hashes is found by verify, each fault with its line", async () => {
    const run = await changed((blobs) =>
      forge(blobs, ([one = "", two = "", three = "", ...rest]) => [
        one,
        one,
        `{"displayName":"nobody"}`,
        "not json",
        two.replace(/"id":("[^"]+"),(.*)}$/, '{$2,"id":$1}').replace("{{", "{"),
        three.replace('"displayName"', '"displayname"'),
        ...rest.slice(3),
      ]),
    );
    const problems = (await problemsFound(run)).map(({ problem }) => problem);
    assert.deepEqual(problems, [
      "line 2 repeats the id of an earlier user",
      "line 3 has no object id",
      "line 4 is not a JSON object",
      "line 5 has other properties than the manifest says, the first of 2 such lines",
      "it says 300 users; its parts hold 297 different ones",
    ]);
  });

  it("forged to hold fewer users is found by users and verify", async () => {
    const run = await changed((blobs) => forge(blobs, (lines) => lines.slice(1)));
    const path = pathOf(second, PART);
    assertRefused(await run("users", "--json"), path);
    assert.deepEqual((await problemsFound(run))[0], {
      blob: path,
      problem: "it has 299 lines; the manifest says 300",
    });
  });
});

describe("a manifest that was", () => {
  const path = () => pathOf(second, "manifest.json");

  it("changed at all is found by its hash in latest.json", async () => {
    const run = await changed((blobs) => edit(blobs, path(), () => ({ warnings: ["all is well"] })));
    for (const command of ["users", "verify", "show"]) assertRefused(await run(command, "--json"), path());
    assertRefused(await run("show", second.runId, "--json"), path());
  });

  it("changed so that it contradicts itself is found where no latest.json vouches for it", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) =>
      edit<Manifest>(blobs, older, ({ completeness }) => ({
        completeness: { ...completeness, unique: 299, counted: 400, countedAfter: 400 },
      })),
    );
    assertRefused(await run("users", first.runId, "--json"), older);
    const problems = (await problemsFound(run, first.runId)).map(({ problem }) => problem);
    assert.match(problems.join("; "), /add up to 300 users; it says 299/);
    assert.match(problems.join("; "), /299 of 400 users are fewer than the rule allows/);
    assert.match(problems.join("; "), /its parts hold 300 different ones/);
    assert.equal((await run("show")).exitCode, 0);
  });

  it("changed to name a property twice is refused, even if every line has it twice", async () => {
    const path = pathOf(second, "manifest.json");
    const run = await changed((blobs) => {
      edit<Manifest>(blobs, path, ({ source }) => ({
        source: { ...source, properties: [...source.properties, "twice", "twice"] },
        fingerprints: undefined,
      }));
      forge(blobs, (lines) => lines.map((line) => line.replace(/}$/, ',"twice":1,"twice":2}')));
    });
    const problem = "its properties contain duplicates or lack the id";
    assert.ok((await problemsFound(run)).some((found) => found.problem === problem));
    assertRefused(await run("users", "--json"), path);
  });

  it("changed in its tallies is found by counting its users again", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) =>
      edit<Manifest>(blobs, older, ({ tallies }) => ({
        tallies: tallies && { ...tallies, guests: 0, synchronised: null },
      })),
    );
    assert.equal((await run("history")).exitCode, 0);
    const problems = (await problemsFound(run, first.runId)).map(({ problem }) => problem);
    assert.deepEqual(problems, [
      `its tallies say 0 of guests; its parts give ${first.tallies?.guests}`,
      `its tallies say nothing of synchronised; its parts give ${first.tallies?.synchronised}`,
    ]);
  });

  it("changed to have more fingerprints than fit into memory is found, and the others are verified", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) =>
      edit<Manifest>(blobs, older, ({ fingerprints = [] }) => ({
        fingerprints: fingerprints.map((part) => ({ ...part, users: 1e12, bytes: 24e12 })),
      })),
    );
    const problems = (await problemsFound(run, first.runId)).map(({ problem }) => problem);
    assert.deepEqual(problems, [
      "its fingerprints add up to 1000000000000 users; it says 300",
      "fingerprints of 1000000000000 users do not fit into memory",
    ]);
    const all = jsonOf({ ...(await run("verify", "--all", "--json")), exitCode: 0 }) as Verification[];
    assert.deepEqual(
      all.map(({ whole }) => whole),
      [true, false],
    );
  });

  it("changed so that its tallies and its changes differ is refused", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) =>
      edit<Manifest>(blobs, older, ({ tallies }) => ({ tallies: tallies && { ...tallies, joined: 7 } })),
    );
    assertRefused(await run("users", first.runId, "--json"), older);
  });

  it("moved to another run's folder is not taken for that run's", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) => blobs.set(older, blobs.get(path()) ?? Buffer.alloc(0)));
    assertRefused(await run("show", first.runId, "--json"), older);
  });

  it("written by an unknown version is refused as such", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) => edit(blobs, older, () => ({ schema: "rollcall.snapshot/3" })));
    for (const command of ["users", "verify", "show"]) {
      assertRefused(await run(command, first.runId, "--json"), older, "manifest-unsupported");
    }
    const all = await run("verify", "--all", "--json");
    assert.equal(all.exitCode, 1);
    const results = JSON.parse(all.stdout) as Verification[];
    assert.deepEqual(
      results.map(({ runId, whole }) => [runId, whole]),
      [
        [second.runId, true],
        [first.runId, false],
      ],
    );
  });

  it("removed although latest.json points at it is damage", async () => {
    const run = await changed((blobs) => blobs.delete(path()));
    for (const command of ["users", "verify", "show"]) assertRefused(await run(command, "--json"), path());
    const all = await run("verify", "--all", "--json");
    assert.equal(all.exitCode, 1);
    assert.equal((JSON.parse(all.stdout) as Verification[]).length, 2);
  });

  it("broken does not hide the others in the list", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) => blobs.set(older, Buffer.from("{ half a manif")));
    const { exitCode, stdout } = await run("list");
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^${second.runId} .* complete `, "m"));
    assert.match(stdout, new RegExp(`^${first.runId} +damaged$`, "m"));
    assert.match(stdout, /it is not JSON/);
    const [whole, broken] = jsonOf(await run("list", "--json")) as Record<string, unknown>[];
    assert.equal(whole?.runId, second.runId);
    assert.equal(broken?.runId, first.runId);
    assert.match(JSON.stringify(broken?.error), /"snapshot-damaged"/);
  });

  it("never written makes no snapshot", async () => {
    const run = await changed((blobs) => blobs.delete(pathOf(first, "manifest.json")));
    const outcome = await run("users", first.runId, "--json");
    assertRefused(outcome, first.runId, "snapshot-not-found");
    assert.equal((jsonOf(await run("list", "--json")) as unknown[]).length, 1);
  });
});

describe("a latest.json that was", () => {
  it("changed makes users, verify and show refuse the latest", async () => {
    const run = await changed((blobs) => edit(blobs, latestPath(), () => ({ sha256: "0".repeat(64) })));
    for (const command of ["users", "verify", "show"]) {
      assertRefused(await run(command, "--json"), pathOf(second, "manifest.json"));
    }
  });

  it("changed in what it says of the manifest is damage of its own", async () => {
    const run = await changed((blobs) => edit(blobs, latestPath(), () => ({ users: 299 })));
    for (const command of ["users", "verify", "show"]) {
      assertRefused(await run(command, "--json"), latestPath());
    }
  });

  it("broken hides neither the list nor a run that is named", async () => {
    const run = await changed((blobs) => blobs.set(latestPath(), Buffer.from("[]")));
    for (const command of ["users", "verify", "show"]) {
      assertRefused(await run(command, "--json"), latestPath());
    }
    const { exitCode, stdout } = await run("list");
    assert.equal(exitCode, 0);
    assert.match(stdout, /^Latest: unknown \(reading/m);
    assert.equal((await run("verify", second.runId)).exitCode, 0);
    assert.equal((await run("users", second.runId)).exitCode, 0);
    const all = await run("verify", "--all", "--json");
    assertRefused(all, latestPath());
    assert.equal((JSON.parse(all.stdout) as Verification[]).length, 2);
  });

  it("removed leaves the runs to be named", async () => {
    const run = await changed((blobs) => blobs.delete(latestPath()));
    assertRefused(await run("show", "--json"), latestPath(), "snapshot-not-found");
    assert.equal((await run("show", second.runId)).exitCode, 0);
    assert.match((await run("list")).stdout, /Latest: none, latest\.json is missing/);
  });
});

describe("what a blob says", () => {
  it("cannot steer the terminal of whoever reads it", async () => {
    const older = pathOf(first, "manifest.json");
    const run = await changed((blobs) => edit(blobs, older, () => ({ warnings: ["\u001b[2Jgone\u0007"] })));
    const { exitCode, stdout } = await run("show", first.runId);
    assert.equal(exitCode, 0);
    assert.match(stdout, /! gone\uFFFD\n/);
  });
});
