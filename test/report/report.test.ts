import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { BlobServiceClient } from "@azure/storage-blob";
import { DEFAULT_PROPERTIES } from "../../src/rows/properties.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { folderOf, signaturePath } from "../../src/snapshot/layout.ts";
import type { Manifest } from "../../src/snapshot/manifest.ts";
import { jsonOf, type Outcome, rollcallHere, rollcallIn, unwrapped } from "../cli/rollcall-process.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";

const HOSTILE = [
  `</title><script>alert(1)</script>`,
  `"><img src=x onerror=alert(2)>`,
  "\u202Egnp.exe\nsecond",
];

type User = Record<string, unknown>;

let sandbox: Sandbox;
let environment: Record<string, string>;
let place: Awaited<ReturnType<typeof mkdtempDisposable>>;
/** Oldest first: one of before anything changed, two later ones. */
const manifests: Manifest[] = [];

before(async () => {
  sandbox = await startTestSandbox({ users: 300 });
  sandbox.tenant.app.roles.add("AuditLog.Read.All");
  environment = { ...sandbox.environment, ROLLCALL_STORAGE: sandbox.storage.connectionString };
  place = await mkdtempDisposable(path.join(tmpdir(), "rollcall-report-"));
  await takeSnapshot();
  const [first = "", second = "", third = ""] = sandbox.tenant.directory.ids();
  sandbox.tenant.directory.remove(first);
  sandbox.tenant.directory.update(second, { department: HOSTILE[0] });
  for (const displayName of HOSTILE) sandbox.tenant.directory.add({ displayName });
  await takeSnapshot();
  sandbox.tenant.directory.update(third, { displayName: HOSTILE[1], accountEnabled: true });
  await takeSnapshot();
});
after(async () => {
  await place[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});

async function takeSnapshot(): Promise<void> {
  // Run ids have whole seconds.
  await delay(1000 - (Date.now() % 1000));
  const properties = { ROLLCALL_PROPERTIES: [...DEFAULT_PROPERTIES, "signInActivity"].join() };
  manifests.push(
    jsonOf(await rollcallIn(sandbox, properties, rollcallHere)("snapshot", "--json")) as Manifest,
  );
}

function here(...args: readonly string[]): Promise<Outcome> {
  return rollcallHere(args, environment, place.path);
}

async function report(...args: readonly string[]): Promise<string> {
  const outcome = await here("report", ...args, "--out", "page.html");
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return readFile(path.join(place.path, "page.html"), "utf8");
}

/** A copy of the snapshots in which a blob of a run has other bytes. */
async function withDamage(damagedRun: string, blob: string, container: string): Promise<void> {
  const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
  const sound = service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "");
  const { containerClient } = await service.createContainer(container);
  for await (const { name } of sound.listBlobsFlat()) {
    const body = await sound.getBlobClient(name).downloadToBuffer();
    if (name.includes(damagedRun) && name.endsWith(blob)) body.fill(0, 100, 200);
    await containerClient.getBlockBlobClient(name).uploadData(body);
  }
}

/** Elements whose end tag is left out, or which have none. */
const VOID = /^(meta|link|br|wbr|!doctype)$/;

/** Roughly what a parser would complain of. */
function assertWellFormed(page: string): void {
  const body = page.replaceAll(/<style>[\s\S]*?<\/style>/g, "");
  const open: string[] = [];
  for (const [tag, end, name = "", closed] of body.matchAll(
    /<(\/?)([!\w]+)(?:\s[\w:-]+(?:="[^"<>]*")?|\s[\w]+)*\s*(\/?)>/g,
  )) {
    if (VOID.test(name) || closed) continue;
    if (end) assert.equal(open.pop(), name, tag);
    else open.push(name);
  }
  assert.deepEqual(open, []);
  assert.equal(
    body.replaceAll(/<(\/?)([!\w]+)(?:\s[\w:-]+(?:="[^"<>]*")?)*\s*(\/?)>/g, "").search(/[<>]/),
    -1,
  );
}

describe("rollcall report", () => {
  it("writes one page that loads nothing, runs nothing and is well-formed", async () => {
    const page = await report();
    assertWellFormed(page);
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.match(page, /<meta http-equiv="Content-Security-Policy" content="default-src 'none';/);
    assert.doesNotMatch(page, /<(script|img|iframe|object|embed|form|base)\b/i);
    assert.doesNotMatch(page, /<[^>]*\son\w+=/i);
    const targets = [...page.matchAll(/(?:href|src|action|xlink:href)="([^"]*)"/g)].map(
      ([, target]) => target,
    );
    assert.deepEqual(targets.slice(0, 2), ["data:,", "#content"]);
    for (const target of targets.slice(1)) assert.ok(page.includes(` id="${target?.slice(1)}"`), target);
    assert.doesNotMatch(page, /@import|url\(|javascript:/i);
  });

  it("has headings in order, one first one, and drawings that have names", async () => {
    const page = await report();
    const levels = [...page.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    assert.equal(levels.filter((level) => level === 1).length, 1);
    for (const [at, level] of levels.entries()) assert.ok(level <= (levels[at - 1] ?? 0) + 1);
    for (const [, id] of page.matchAll(/aria-labelledby="([\w-]+)/g)) assert.ok(page.includes(`id="${id}"`));
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(page.match(/<svg[^>]*role="img"/g)?.length, 3);
  });

  it("shows hostile names as text", async () => {
    const page = await report(manifests[1]?.runId ?? "");
    assert.ok(page.includes("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert.ok(page.includes("&quot;&gt;&lt;img src=x onerror=alert(2)&gt;"));
    assert.ok(page.includes("\uFFFDgnp.exe\uFFFDsecond"));
    assert.doesNotMatch(page, /[\u202A-\u202E]/);
    assertWellFormed(page);
  });

  it("proves the run: completeness, parts and the manifest's SHA-256", async () => {
    const page = await report();
    const { runId, tenantId, parts, startedAt } = manifests[2] ?? assert.fail();
    for (const { name, sha256 } of parts) assert.ok(page.includes(name) && page.includes(sha256));
    const blob = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString)
      .getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "")
      .getBlobClient(`tenant=${tenantId}/date=${startedAt.slice(0, 10)}/run=${runId}/manifest.json`);
    const sha256 = createHash("sha256")
      .update(await blob.downloadToBuffer())
      .digest("hex");
    assert.ok(page.includes(sha256));
    assert.match(page, /<strong>Complete:<\/strong> 302 users listed, and the directory counts 302; /);
  });

  it("tells who joined and left, and of the first run why not", async () => {
    const second = await report(manifests[1]?.runId ?? "");
    assert.match(second, /3 joined, 1 left, 1 changed/);
    assert.match(
      second,
      /<span class="property">department<\/span> <bdi>.*<\/bdi> → <strong><bdi>&lt;\/title&gt;/,
    );
    assert.match(await report(manifests[0]?.runId ?? ""), /does not say what changed: first run/);
  });

  it("leaves the former page, and nothing else, when it fails", async () => {
    await writeFile(path.join(place.path, "page.html"), "former");
    const { exitCode, stderr } = await here("report", "19990101", "--out", "page.html");
    assert.equal(exitCode, 1);
    assert.match(stderr, /snapshot-not-found/);
    assert.deepEqual(await readdir(place.path), ["page.html"]);
    assert.equal(await readFile(path.join(place.path, "page.html"), "utf8"), "former");
  });

  it("is named by its run where no name is given, and replaces no file but a report", async () => {
    const runId = manifests[0]?.runId ?? "";
    const name = `rollcall-${runId}.html`;
    const file = path.join(place.path, name);
    for (const time of ["first", "second"]) {
      const { exitCode, stdout } = await here("report", runId);
      assert.equal(exitCode, 0, time);
      assert.ok(stdout.includes(`${path.sep}${name}: run ${runId}`), stdout);
      assertWellFormed(await readFile(file, "utf8"));
    }
    assert.equal((await here("report", "latest")).exitCode, 0);
    assert.ok((await readdir(place.path)).includes(`rollcall-${manifests[2]?.runId}.html`));
    await writeFile(file, "<p>my own notes");
    const { exitCode, stderr } = await here("report", runId);
    assert.equal(exitCode, 1);
    assert.match(unwrapped(stderr), /there is a file of that name, which rollcall did not write/);
    assert.equal(await readFile(file, "utf8"), "<p>my own notes");
  });

  it("refuses a folder as --out", async () => {
    const { exitCode, stderr } = await here("report", "--out", ".");
    assert.equal(exitCode, 1);
    assert.match(stderr, /it is a folder/);
    assert.equal((await here("report", "--out", "a.html", "--last", "0")).exitCode, 2);
  });

  it("fails for a run with a damaged part, and reads no part of the runs before it", async () => {
    const damaged = manifests[1]?.runId ?? "";
    await withDamage(damaged, "users-00000.ndjson.gz", "damaged-part");
    const settings = { ...environment, ROLLCALL_CONTAINER: "damaged-part" };
    const args = ["--out", "page.html"];
    const refused = await rollcallHere(["report", damaged, ...args], settings, place.path);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /snapshot-damaged/);
    assert.equal((await rollcallHere(["report", ...args], settings, place.path)).exitCode, 0);
    const page = await readFile(path.join(place.path, "page.html"), "utf8");
    assert.doesNotMatch(page, /damaged/);
  });

  it("shows a run before it whose manifest is damaged", async () => {
    const damaged = manifests[1]?.runId ?? "";
    await withDamage(damaged, "manifest.json", "damaged-manifest");
    const settings = { ...environment, ROLLCALL_CONTAINER: "damaged-manifest" };
    const args = ["report", "--out", "page.html"];
    assert.equal((await rollcallHere(args, settings, place.path)).exitCode, 0);
    const page = await readFile(path.join(place.path, "page.html"), "utf8");
    assert.match(page, /damaged: it is not JSON/);
    assertWellFormed(page);

    const { exitCode, stdout } = await rollcallHere(["history"], settings);
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`${damaged} +damaged`));
    assert.match(stdout, new RegExp(`${manifests[0]?.runId} +300`));
  });

  it("says that a signature is wrong, as far as that can be told without a key", async () => {
    const { runId = "" } = manifests.at(-1) ?? {};
    const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
    const container = service.getContainerClient(environment.ROLLCALL_CONTAINER ?? "");
    const folder = folderOf(sandbox.tenant.tenantId, runId);
    const jws = container.getBlockBlobClient(signaturePath(folder));
    assert.match(await report(), /<dt>Signature<\/dt><dd>none<\/dd>/);
    await jws.uploadData(Buffer.from("nothing of the kind"));
    const page = await report();
    await jws.delete();
    const why = "manifest.jws is no signature of Rollcall&#39;s: [^.<]+";
    assert.match(page, new RegExp(`<li>The signature of this snapshot is wrong: ${why}\\.`));
    assert.match(page, new RegExp(`<dt>Signature</dt><dd>wrong: ${why}</dd>`));
  });

  it("fails where there is no snapshot yet", async () => {
    const settings = { ...environment, ROLLCALL_CONTAINER: "no-such-container" };
    const { exitCode } = await rollcallHere(["report", "--out", "none.html"], settings, place.path);
    assert.equal(exitCode, 1);
    assert.ok(!(await readdir(place.path)).some((name) => name.includes("none.html")));
  });
});

describe("rollcall history", () => {
  it("prints what a count of all users gives, newest first", async () => {
    const entries = jsonOf(await here("history", "--json")) as Record<string, unknown>[];
    assert.deepEqual(
      entries.map(({ runId }) => runId),
      manifests.map(({ runId }) => runId).toReversed(),
    );
    for (const entry of entries) {
      const users = (jsonOf(await here("users", String(entry.runId), "--format", "json")) ?? []) as User[];
      const count = (fits: (user: User) => boolean) => users.filter(fits).length;
      assert.equal(entry.users, users.length);
      assert.equal(
        entry.enabled,
        count((user) => user.accountEnabled === true),
      );
      assert.equal(
        entry.disabled,
        count((user) => user.accountEnabled === false),
      );
      assert.equal(
        entry.members,
        count((user) => user.userType === "Member"),
      );
      assert.equal(
        entry.guests,
        count((user) => user.userType === "Guest"),
      );
    }
    assert.deepEqual(
      entries.map(({ joined, left, changed }) => [joined, left, changed]),
      [
        [0, 0, 1],
        [3, 1, 1],
        [null, null, null],
      ],
    );
  });

  it("draws a table and a chart within 80 columns", async () => {
    const { exitCode, stdout } = await here("history");
    assert.equal(exitCode, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.ok(lines.every((line) => line.length <= 80));
    assert.match(
      lines[0] ?? "",
      /^run +users +joined +left +changed +enabled +disabled( +not told)? +guests$/,
    );
    assert.match(lines[1] ?? "", new RegExp(`^${manifests[2]?.runId} +302 +0 +0 +1 `));
    assert.match(stdout, /302 ┤.*█/);
    const one = await here("history", "--last", "1");
    assert.equal(one.stdout.split("\n").filter((line) => /^\d{8}T/.test(line)).length, 1);
    assert.match(one.stdout, /302 ┤ ███/);
  });

  it("says that there are none yet", async () => {
    const settings = { ...environment, ROLLCALL_CONTAINER: "no-such-container" };
    const { exitCode, stdout } = await rollcallHere(["history"], settings);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^No snapshot of tenant .* yet in container no-such-container/);
    assert.deepEqual(jsonOf(await rollcallHere(["history", "--json"], settings)), []);
  });

  it("says in its help what it reads", async () => {
    assert.match((await here("history", "--help")).stdout, /Reads the manifests and no parts/);
  });
});
