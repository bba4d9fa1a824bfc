import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Fault, FaultRule } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import type { Manifest } from "../src/snapshot/manifest.ts";
import { IMPATIENT, type Rig, type RigRun, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** The committed ids, read from the blobs the manifest names. */
async function committedIds(rig: Rig, manifest: Manifest): Promise<string[]> {
  const ids: string[] = [];
  const folder = (await rig.blobs()).find((name) => name.endsWith(`run=${manifest.runId}/manifest.json`));
  assert.ok(folder);
  for (const { name } of manifest.parts) {
    const blob = rig.container.getBlobClient(folder.replace("manifest.json", name));
    const lines = gunzipSync(await blob.downloadToBuffer())
      .toString()
      .split("\n");
    for (const line of lines.slice(0, -1)) ids.push(JSON.parse(line).id);
  }
  return ids;
}

/** Runs and asserts that exactly the directory's people were committed, each once. */
async function runsExactly(rig: Rig, given: RigRun = {}): Promise<Manifest> {
  const manifest = await rig.run(given);
  const people = rig.tenant.directory.size;
  const ids = await committedIds(rig, manifest);
  assert.equal(new Set(ids).size, people);
  assert.equal(ids.length, people);
  assert.equal(manifest.completeness.unique, people);
  assert.equal(manifest.completeness.verdict, "complete");
  assert.equal((await rig.orphans()).length, 0);
  return manifest;
}

function edited(edit: (body: string) => string | Buffer): Fault {
  return { kind: "editBody", edit };
}

/** A fault on the second page of users, once unless `more` says otherwise. */
function onPage2(fault: Fault, more: Partial<FaultRule> = {}): FaultRule {
  return { service: "graph", match: ({ page }) => page === 2, fault, ...more };
}

describe("a run survives throttling", () => {
  for (const [words, retryAfter, waitMs] of [
    ["an integer Retry-After", "7", 7000],
    ["a fractional Retry-After", "2.128", 2128],
  ] as const) {
    it(`with ${words}`, async () => {
      await using rig = await startRig(storage);
      rig.tenant.script(onPage2({ kind: "throttle", retryAfter }));
      const manifest = await runsExactly(rig);
      assert.deepEqual(rig.clock.waitsMs, [waitMs]);
      assert.equal(manifest.source.throttled, 1);
      assert.equal(manifest.source.retries, 1);
      assert.equal(manifest.source.requests, 6);
    });
  }

  it("with a dated Retry-After", async () => {
    await using rig = await startRig(storage);
    const retryAfter = new Date(rig.clock.now() + 90_000).toUTCString();
    rig.tenant.script(onPage2({ kind: "throttle", retryAfter }));
    await runsExactly(rig);
    const [waitMs = 0] = rig.clock.waitsMs;
    assert.ok(waitMs > 60_000 && waitMs <= 90_000, String(waitMs));
  });

  it("without Retry-After, waiting longer each time", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "throttle" }, { times: 12 }));
    const manifest = await runsExactly(rig);
    assert.equal(manifest.source.throttled, 12);
    const [first = 0] = rig.clock.waitsMs;
    assert.ok((rig.clock.waitsMs.at(-1) ?? 0) > 10 * first);
  });

  it("of the count and of the first page", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "graph", times: 2, fault: { kind: "throttle", retryAfter: "1" } });
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 1,
      fault: { kind: "throttle", status: 503 },
    });
    await runsExactly(rig);
  });
});

describe("a run survives passing faults of Graph", () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ["a 500", { kind: "error", status: 500, code: "InternalServerError" }],
    ["a 502 with an HTML body", { kind: "error", status: 502, body: "<html>Bad gateway</html>" }],
    ["a 503 with an empty body", { kind: "error", status: 503, body: "" }],
    ["a 504", { kind: "error", status: 504 }],
    ["a 509", { kind: "error", status: 509 }],
    ["a body that is cut with its connection", { kind: "cutBody", atShare: 0.5 }],
    ["a body that is cut but framed as whole", { kind: "cutBody", atShare: 0.5, framed: true }],
    ["a reset connection", { kind: "reset" }],
    ["an answer that never begins", { kind: "stall", phase: "headers" }],
    ["an answer that stops half way", { kind: "stall", phase: "body" }],
    ["an error document with status 200", { kind: "errorAs200" }],
    ["HTML with status 200", { kind: "notJson" }],
    ["a user without an id", { kind: "rowWithoutId" }],
    ["a page that is cut behind a comma", edited((body) => body.slice(0, body.indexOf('},{"') + 2))],
    [
      "a value with a broken escape",
      edited((body) => body.replace('"displayName":"', '"displayName":"\\u12')),
    ],
    [
      "a number that is none",
      edited((body) => body.replace('"accountEnabled":true', '"accountEnabled":1++e')),
    ],
    ["a next link with a broken escape", edited((body) => body.replace("/v1.0", "\\x/v1.0"))],
    ["a body that is larger than what is read", edited(() => Buffer.alloc(65 * 2 ** 20, " "))],
    ["a late answer", { kind: "delay", ms: 300 }],
  ];
  for (const [words, fault] of faults) {
    it(words, async () => {
      await using rig = await startRig(storage);
      rig.tenant.script(onPage2(fault));
      const manifest = await runsExactly(rig, fault.kind === "stall" ? { run: { timeouts: IMPATIENT } } : {});
      assert.equal(manifest.source.retries, fault.kind === "delay" ? 0 : 1);
    });
  }

  it("a count that is none", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "graph", fault: { kind: "count", value: "2500x" } });
    const manifest = await runsExactly(rig);
    assert.equal(manifest.completeness.counted, 2500);
  });

  it("a user with millions of keys that nobody asked for", async () => {
    await using rig = await startRig(storage, { users: 1200 });
    const keys = Array.from({ length: 3_000_000 }, (_, at) => `"x${at}":1`).join();
    const edit = (body: string) => body.replace('"jobTitle":', `${keys},"jobTitle":`);
    rig.tenant.script(onPage2({ kind: "editBody", edit }));
    const manifest = await rig.run();
    assert.equal(manifest.completeness.unique, 1200);
    assert.equal(manifest.source.retries, 0);
  });

  it("white space between all tokens: values stay as Graph sent them, in each format", async () => {
    await using rig = await startRig(storage, { users: 20 });
    const edit = (body: string) => {
      const spaced = JSON.stringify(JSON.parse(body), null, "\t").replaceAll("\n", "\r\n");
      return spaced.replaceAll(/"employeeId": [^,]*,/g, '"employeeId" : 9007199254740993 ,');
    };
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 1,
      fault: { kind: "editBody", edit },
    });
    const manifest = await rig.run({ settings: { ROLLCALL_FORMATS: "csv" } });
    const [path = ""] = (await rig.blobs()).filter((name) => name.endsWith("/users-00000.ndjson.gz"));
    const part = gunzipSync(await rig.container.getBlobClient(path).downloadToBuffer()).toString();
    assert.equal(part.match(/,"employeeId":9007199254740993,/g)?.length, 20);
    assert.equal(part.trimEnd().split("\n").length, 20);
    assert.doesNotMatch(part, /[\t\r]|": |, "/);
    for (const line of part.trimEnd().split("\n")) {
      assert.deepEqual(Object.keys(JSON.parse(line)), manifest.source.properties);
    }
    const csv = await rig.container.getBlobClient(path.replace("ndjson.gz", "csv")).downloadToBuffer();
    assert.equal(csv.toString().match(/,9007199254740993,/g)?.length, 20);
  });

  it("several at once, on several pages", async () => {
    await using rig = await startRig(storage, { users: 4000 });
    rig.tenant.script({
      service: "graph",
      match: ({ nth }) => nth % 3 === 0,
      times: 4,
      fault: { kind: "reset" },
    });
    rig.tenant.script({
      service: "graph",
      match: ({ nth }) => nth % 4 === 0,
      times: 3,
      fault: { kind: "error", status: 503 },
    });
    await runsExactly(rig);
  });
});

describe("a run survives what happens to its token", () => {
  it("a token refused in the middle of the run, by asking for a fresh one", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "rejectToken" }));
    await runsExactly(rig);
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 2);
  });

  it("tokens that last for a few seconds only", async () => {
    await using rig = await startRig(storage, { tokenLifetimeSeconds: 2 });
    rig.tenant.script(onPage2({ kind: "delay", ms: 2500 }));
    // The page behind the late one needs a token again.
    await rig.run();
    assert.ok(rig.tenant.tokensSeenBy("graph").size > 1);
  });
});

describe("a run survives oddities of the listing", () => {
  it("an expired page token: begins again and keeps nothing of the first attempt", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 3,
      fault: { kind: "expiredPageToken" },
    });
    const manifest = await rig.run({ run: { maxPartBytes: 1000 } });
    assert.equal((await committedIds(rig, manifest)).length, rig.tenant.directory.size);
    const parts = (await rig.blobs()).filter((name) => name.includes("/users-"));
    assert.equal(parts.length, manifest.parts.length);
    assert.equal(manifest.completeness.listed, rig.tenant.directory.size);
  });

  it("empty pages, which end nothing", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "emptyPage" }, { times: 1 }));
    await runsExactly(rig);
  });

  it("duplicates, each user kept once and the repeats counted", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "duplicate", count: 7 }));
    const manifest = await runsExactly(rig);
    assert.equal(manifest.completeness.duplicates, 7);
    assert.equal(manifest.completeness.listed, rig.tenant.directory.size + 7);
  });

  it("users created, removed and renamed while it runs", async () => {
    await using rig = await startRig(storage);
    const { directory } = rig.tenant;
    const before = new Set<string>();
    rig.tenant.script(
      onPage2({
        kind: "before",
        run: () => {
          for (let n = 0; n < 3; n++) before.add(directory.add({ displayName: `Late ${n}` }));
        },
      }),
    );
    const manifest = await rig.run();
    const ids = await committedIds(rig, manifest);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of before) assert.ok(ids.includes(id));
  });

  it("a tenant that offers no count: the verdict says so", async () => {
    await using rig = await startRig(storage, { counts: false });
    const manifest = await rig.run();
    assert.equal(manifest.completeness.verdict, "uncounted");
    assert.equal(manifest.completeness.counted, null);
    assert.equal((await committedIds(rig, manifest)).length, rig.tenant.directory.size);
  });

  it("a count that is off by a little", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "graph", fault: { kind: "count", value: rig.tenant.directory.size + 5 } });
    assert.equal((await rig.run()).completeness.verdict, "complete");
  });
});

describe("a run survives what happens to its credential", () => {
  for (const credential of ["secret", "certificate"] as const) {
    it(`a ${credential} of which everything is in order`, async () => {
      await using rig = await startRig(storage, { credential });
      const manifest = await runsExactly(rig);
      assert.equal(manifest.credential.kind, credential);
      assert.equal(manifest.credential.name, credential === "secret" ? "graph-secret" : "graph-cert");
      assert.deepEqual(manifest.warnings, []);
    });
  }

  it("a newest version that Entra rejects, by using the one before", async () => {
    await using rig = await startRig(storage, { credential: "secret" });
    const bad = rig.tenant.vault.set("graph-secret", "not-registered-yet");
    const manifest = await runsExactly(rig);
    assert.notEqual(manifest.credential.version, bad);
    assert.match(manifest.warnings.join(), /was rejected \(AADSTS7000215/);
    rig.assertNoSecretIn(JSON.stringify(manifest));
  });

  it("a newest version that is expired, disabled or not valid yet", async () => {
    await using rig = await startRig(storage, { credential: "secret" });
    const { vault } = rig.tenant;
    vault.set("graph-secret", "x", { expiresOn: new Date(Date.now() - 1000) });
    vault.set("graph-secret", "y", { notBefore: new Date(Date.now() + 86_400_000) });
    vault.set("graph-secret", "z", { enabled: false });
    const manifest = await runsExactly(rig);
    assert.equal(manifest.warnings.length, 3);
  });

  it("a credential that ends within 30 days, and warns", async () => {
    await using rig = await startRig(storage, { credential: "secret" });
    const expiresOn = new Date(Date.now() + 12.5 * 86_400_000);
    const { value } = rig.tenant.app.addSecret({ expiresOn });
    rig.tenant.vault.set("graph-secret", value, { expiresOn });
    const manifest = await runsExactly(rig);
    assert.match(manifest.warnings.join(), /secret graph-secret .* expires in 12 days/);
  });

  it("a credential that is rotated in the middle of the run", async () => {
    await using rig = await startRig(storage, { credential: "secret" });
    rig.tenant.script(
      onPage2({
        kind: "before",
        run: () => {
          rig.tenant.app.revokeSecret(rig.sandbox.secret);
          rig.tenant.vault.set("graph-secret", rig.tenant.app.addSecret({}).value);
        },
      }),
    );
    rig.tenant.script({ service: "graph", match: ({ page }) => page === 3, fault: { kind: "rejectToken" } });
    await runsExactly(rig);
  });

  it("a vault, an identity and an authority with passing faults", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "vault", times: 2, fault: { kind: "error", status: 503 } });
    rig.tenant.script({ service: "entra", fault: { kind: "throttle", retryAfter: "3" } });
    rig.tenant.script({ service: "entra", fault: { kind: "reset" } });
    rig.tenant.script({ service: "identity", fault: { kind: "error", status: 500 } });
    await runsExactly(rig);
  });

  it("a vault and an authority that answer late", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "vault", fault: { kind: "delay", ms: 700 } });
    rig.tenant.script({ service: "entra", fault: { kind: "stall", phase: "headers" } });
    await runsExactly(rig, { run: { timeouts: IMPATIENT } });
  });
});

describe("a tenant configured by its domain", () => {
  it("is written under its directory id", async () => {
    await using rig = await startRig(storage);
    const manifest = await rig.run({ settings: { ROLLCALL_TENANT_ID: rig.tenant.domain } });
    assert.equal(manifest.tenantId, rig.tenant.tenantId);
    for (const name of await rig.blobs()) assert.ok(name.startsWith(`tenant=${rig.tenant.tenantId}/`));
  });
});

describe("the requests of a run", () => {
  it("ask for full pages of the chosen properties, with the headers of a polite background job", async () => {
    await using rig = await startRig(storage);
    await rig.run({ settings: { ROLLCALL_PROPERTIES: "displayName,id" } });
    const asked = rig.tenant.requests.filter(({ service }) => service === "graph");
    const ids = new Set(asked.map(({ headers }) => headers["client-request-id"]));
    assert.equal(ids.size, asked.length);
    for (const { headers } of asked) {
      assert.equal(headers["x-ms-throttle-priority"], "Low");
      assert.match(headers["user-agent"] ?? "", /^Rollcall\/\d/);
      assert.equal(headers["accept-encoding"], "gzip");
    }
    assert.equal(asked[0]?.path, "/v1.0/users/$count");
    assert.equal(asked[1]?.query, "$top=999&$select=displayName,id,createdDateTime");
  });

  it("ask for 500 users a page where sign-ins are asked for", async () => {
    await using rig = await startRig(storage);
    rig.tenant.app.roles.add("AuditLog.Read.All");
    await rig.run({ settings: { ROLLCALL_PROPERTIES: "id,signInActivity" } });
    assert.ok(rig.tenant.requests.some(({ query }) => query.startsWith("$top=500&")));
  });
});
