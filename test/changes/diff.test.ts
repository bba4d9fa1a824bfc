import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type ChangeRecord, parseChange } from "../../src/changes/change.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import {
  failureOf,
  jsonOf,
  type Outcome,
  rollcallHere,
  rollcallIn,
  startRollcall,
  unwrapped,
} from "../cli/rollcall-process.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";

const USERS = 1200;
const HOSTILE_NAME =
  "Zoë \u001b[31m 李小龍 with a name that is so long that it does not fit into half of a line";

let sandbox: Sandbox;
/** In a process of its own. */
let run: (...args: readonly string[]) => Promise<Outcome>;
/** In this one, which is quicker: the account key makes an identity unnecessary. */
let here: typeof run;
let container: ContainerClient;
let first: Manifest;
let second: Manifest;
let third: Manifest;
const joinedIds: string[] = [];
const leftIds: string[] = [];
let renamedId: string;
let disabledId: string;
let leaver: Readonly<Record<string, unknown>>;

before(async () => {
  sandbox = await startTestSandbox({ users: USERS });
  const { directory } = sandbox.tenant;
  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  container = service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "");
  run = rollcallIn(sandbox);
  here = rollcallIn(sandbox, { ROLLCALL_STORAGE: sandbox.storage.connectionString }, rollcallHere);
  first = await snapshot();
  const ids = [...directory.ids()];
  leaver = directory.person(ids[7] ?? "") ?? {};
  leftIds.push(...ids.slice(7, 9));
  for (const id of leftIds) directory.remove(id);
  joinedIds.push(directory.add({ displayName: HOSTILE_NAME }));
  for (let joiner = 0; joiner < 24; joiner++) joinedIds.push(directory.add());
  [renamedId = "", disabledId = ""] = ids.slice(600);
  directory.rename(renamedId, { displayName: "Renamed Person" });
  directory.update(disabledId, { accountEnabled: false, otherMails: ["b@example.com", "a@example.com"] });
  second = await snapshot();
  // Only the order inside of a collection; and other properties than before.
  directory.update(disabledId, { otherMails: ["a@example.com", "b@example.com"] });
  third = await snapshot({ ROLLCALL_PROPERTIES: "userPrincipalName,otherMails,mobilePhone" });
});
after(() => sandbox[Symbol.asyncDispose]());

async function snapshot(overrides: Readonly<Record<string, string>> = {}): Promise<Manifest> {
  // Run ids have whole seconds.
  await delay(1000 - (Date.now() % 1000));
  return jsonOf(await rollcallIn(sandbox, overrides, rollcallHere)("snapshot", "--json")) as Manifest;
}

/** The changes that a command wrote. */
function recordsOf({ stdout, stderr }: Outcome): ChangeRecord[] {
  assert.equal(stderr, "");
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => parseChange(Buffer.from(line)) ?? assert.fail(line));
}

function idsOf(records: readonly ChangeRecord[], kind: ChangeRecord["change"]): string[] {
  return records
    .filter(({ change }) => change === kind)
    .map(({ id }) => id)
    .sort();
}

describe("rollcall diff", { concurrency: 2 }, () => {
  it("writes each change between two runs as a line of JSON", async () => {
    const outcome = await run("diff", first.runId, second.runId, "--json");
    assert.equal(outcome.exitCode, 0);
    const records = recordsOf(outcome);
    assert.deepEqual(idsOf(records, "joined"), joinedIds.toSorted());
    assert.deepEqual(idsOf(records, "left"), leftIds.toSorted());
    assert.deepEqual(idsOf(records, "changed"), [renamedId, disabledId].toSorted());
    const renamed = records.find(({ id }) => id === renamedId);
    assert.deepEqual(renamed?.after, { displayName: "Renamed Person" });
    assert.equal(renamed?.displayName, "Renamed Person");
    assert.deepEqual(Object.keys(renamed?.before ?? {}), ["displayName"]);
  });

  it("keeps the last known row of those who left", async () => {
    const records = recordsOf(await here("diff", first.runId, second.runId, "--json", "--change", "left"));
    const record = records.find(({ id }) => id === leaver.id);
    assert.equal(record?.displayName, leaver.displayName);
    assert.equal(record?.userPrincipalName, leaver.userPrincipalName);
    assert.deepEqual(Object.keys(record?.before ?? {}), first.source.properties);
    assert.equal(record?.before?.department, leaver.department ?? null);
    assert.equal(record?.after, null);
  });

  it("shows counts and the first of each kind in 80 columns", async () => {
    const { exitCode, stdout, stderr } = await here("diff", first.runId.slice(0, 15), second.runId);
    assert.equal(exitCode, 0, stderr);
    assert.ok(stdout.startsWith(`From ${first.runId} to ${second.runId}\n`));
    assert.match(stdout, /\n {2}joined +25\n {2}left +2\n {2}changed +2\n {2}of these .*displayName 1/);
    assert.match(stdout, /\nand 5 more; --limit shows more, --json all\n/);
    assert.match(stdout, /accountEnabled +true +false\n/);
    assert.ok(stdout.includes(String(leaver.userPrincipalName).slice(0, 30)));
    assert.ok(!stdout.includes("\u001b"));
    assert.ok(
      stdout.split("\n").every((line) => line.length <= 80),
      stdout,
    );
  });

  it("shows as many as --limit says", async () => {
    const { stdout } = await here("diff", first.runId, second.runId, "--limit", "0");
    assert.match(stdout, /joined +25\n/);
    assert.ok(!stdout.includes("@"));
    const { stdout: all } = await here("diff", first.runId, second.runId, "--limit", "25");
    assert.ok(!all.includes("more;"));
  });

  it("compares the latest with the one before, and names once what cannot be compared", async () => {
    const { exitCode, stdout } = await here("diff");
    assert.equal(exitCode, 0, stdout);
    assert.ok(stdout.startsWith(`From ${second.runId} to ${third.runId}: no differences\n`));
    assert.match(stdout, /\n {2}not compared {2}mobilePhone, displayName, [\s\S]*\(selected by/);
    assert.deepEqual(await here("diff", "--json"), { exitCode: 0, stdout: "", stderr: "" });
  });

  it("compares FROM with the latest, and backwards as well", async () => {
    const forth = recordsOf(await here("diff", first.runId, "--json"));
    const back = recordsOf(await here("diff", third.runId, first.runId, "--json"));
    assert.deepEqual(idsOf(forth, "joined"), joinedIds.toSorted());
    assert.deepEqual(idsOf(back, "left"), joinedIds.toSorted());
    assert.deepEqual(idsOf(back, "joined"), leftIds.toSorted());
    assert.deepEqual((await here("diff", first.runId, first.runId)).exitCode, 0);
  });

  it("exits with 1 for differences only where --exit-code asks for that, as git has it", async () => {
    assert.equal((await here("diff", first.runId, second.runId)).exitCode, 0);
    assert.equal((await here("diff", first.runId, second.runId, "--exit-code")).exitCode, 1);
    assert.equal((await here("diff", first.runId, first.runId, "--exit-code")).exitCode, 0);
  });

  it("takes latest for FROM and for TO", async () => {
    const forth = await here("diff", first.runId, "latest", "--json");
    assert.equal(forth.stdout, (await here("diff", first.runId, third.runId, "--json")).stdout);
    const back = await here("diff", "latest", first.runId, "--json");
    assert.equal(back.stdout, (await here("diff", third.runId, first.runId, "--json")).stdout);
  });

  it("narrows output and exit code to --property and --change", async () => {
    const diff = (...args: string[]) =>
      here("diff", first.runId, second.runId, "--json", "--exit-code", ...args);
    const disabled = await diff("--property", "accountEnabled");
    assert.equal(disabled.exitCode, 1);
    assert.deepEqual(
      recordsOf(disabled).map(({ id }) => id),
      [disabledId],
    );
    const either = await diff("--property", "accountEnabled", "--property", "displayName");
    assert.equal(recordsOf(either).length, 2);
    assert.equal(recordsOf(await diff("--change", "left", "--change", "changed")).length, 4);
    assert.deepEqual(await diff("--property", "usageLocation"), { exitCode: 0, stdout: "", stderr: "" });
    const people = await here("diff", second.runId, first.runId, "--change", "changed", "--property", "city");
    assert.equal(people.exitCode, 0);
    assert.match(people.stdout, /: no differences\n {2}changed {2}0\n$/);
  });

  for (const [words, args, message] of [
    ["another kind of change", ["--change", "moved"], /must be one of joined, left, changed/],
    ["a limit that is no number", ["--limit", "many"], /must be a whole number/],
    ["a property of users who left", ["--property", "city", "--change", "left"], /--change changed/],
    ["a property that is not there", ["--property", "cities"], /has no property cities;/],
    [
      "a property of one run only",
      ["--property", "mobilePhone"],
      /only one of the runs selected mobilePhone/,
    ],
    ["a third run", ["1", "2", "3"], /too many arguments/],
    ["an unknown option", ["--all"], /unknown option/],
  ] as const) {
    it(`exits 2 for ${words}`, async () => {
      const { exitCode, stdout, stderr } = await here("diff", ...args);
      assert.equal(exitCode, 2, stderr);
      assert.equal(stdout, "");
      assert.match(unwrapped(stderr), message);
      assert.match(stderr, /Usage: rollcall diff/);
    });
  }

  it("exits 2 for wrong settings", async () => {
    const outcome = await rollcallIn(
      sandbox,
      { ROLLCALL_STORAGE: "nowhere" },
      rollcallHere,
    )("diff", "--json");
    assert.equal(outcome.exitCode, 2);
    assert.equal(failureOf(outcome).code, "settings-invalid");
  });

  it("exits 1 for a run that is not there, and 3 with --exit-code", async () => {
    const unknown = await run("diff", "2019", "--json");
    assert.equal(unknown.exitCode, 1);
    assert.equal((await here("diff", "2019", "--exit-code")).exitCode, 3);
    assert.equal(failureOf(unknown).code, "snapshot-not-found");
    const alone = rollcallIn(sandbox, { ROLLCALL_CONTAINER: "alone" }, rollcallHere);
    assert.equal((await alone("snapshot")).exitCode, 0);
    const outcome = await alone("diff");
    assert.equal(outcome.exitCode, 1);
    assert.equal(outcome.stdout, "");
    assert.match(outcome.stderr, /snapshot-not-found[\s\S]*there is none/);
  });

  it("takes a closed pipe for no error", async () => {
    const args = ["diff", first.runId, second.runId, "--json", "--exit-code"];
    const child = startRollcall(args, sandbox.environment);
    child.stdout.once("data", () => child.stdout.destroy());
    const [code] = await Promise.all([
      new Promise((resolve) => child.once("exit", resolve)),
      child.stderr.resume(),
    ]);
    assert.equal(code, 1);
  });
});

describe("rollcall diff with a damaged part", () => {
  it("fails, names the blob and writes nothing of it", async () => {
    const folder = `tenant=${first.tenantId}/date=${first.startedAt.slice(0, 10)}/run=${first.runId}`;
    const blob = container.getBlockBlobClient(`${folder}/users-00000.ndjson.gz`);
    const body = await blob.downloadToBuffer();
    body.writeUInt8(body.readUInt8(1000) ^ 1, 1000);
    await blob.uploadData(body);
    const outcome = await run("diff", first.runId, second.runId, "--json", "--exit-code");
    assert.equal(outcome.exitCode, 3);
    // Who joined is known from the run after, which is whole.
    const kinds = outcome.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line).change);
    assert.deepEqual([...new Set(kinds)], ["joined"]);
    assert.equal(failureOf(outcome).code, "snapshot-damaged");
    assert.match(String(failureOf(outcome).doing), /users-00000/);
    assert.equal((await here("diff", second.runId, first.runId)).exitCode, 1);
  });
});
