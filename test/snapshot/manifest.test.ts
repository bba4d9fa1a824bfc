import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "../../src/error.ts";
import {
  credentialEntry,
  type Latest,
  type Manifest,
  parseLatest,
  parseManifest,
  toBytes,
} from "../../src/snapshot/manifest.ts";
import { sha256Of } from "../../src/snapshot/sha256.ts";
import { SnapshotDamaged } from "../../src/storage/snapshot-damaged.ts";
import { credentialInWords } from "../../src/words/manifest-words.ts";

const PATH = "tenant=87d349ed-44d7-43e1-9a83-5f2406dee5bd/date=2026-11-22/run=20261122T020000Z/manifest.json";
const SHA256 = "0123456789abcdef".repeat(4);

const manifest: Manifest = {
  schema: "rollcall.snapshot/1",
  tenantId: "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
  runId: "20261122T020000Z",
  startedAt: "2026-11-22T02:00:00.000Z",
  finishedAt: "2026-11-22T02:01:00.000Z",
  source: {
    url: "https://graph.microsoft.com/v1.0/users",
    properties: ["id", "displayName"],
    pages: 21,
    requests: 23,
    retries: 1,
    throttled: 1,
    listing: { used: "sliced", slices: 22, fellBack: null },
    slices: { usersEach: 980, starts: ["2020-01-01T00:00:00Z"] },
  },
  completeness: { listed: 20_001, unique: 20_000, duplicates: 1, counted: 20_000, verdict: "complete" },
  guard: { maxShrinkPercent: 20, shrinkAccepted: false },
  changes: null,
  changesSkipped: "first run",
  credential: {
    kind: "certificate",
    name: "graph-cert",
    version: "v1",
    expiresOn: "2027-06-30T12:00:00.000Z",
  },
  parts: [{ name: "users-00000.ndjson.gz", users: 20_000, bytes: 1_234_567, sha256: SHA256 }],
  previous: { runId: "20261121T020000Z", users: 19_990 },
  warnings: ["certificate graph-cert (version v1) expires in 7 days, on 2026-11-29"],
  tool: { name: "rollcall", version: "1.0.0" },
};

const latest: Latest = {
  schema: "rollcall.latest/1",
  runId: "20261122T020000Z",
  manifest: PATH,
  sha256: SHA256,
  users: 20_000,
  finishedAt: "2026-11-22T02:01:00.000Z",
};

/** A copy of a document with another value at a dotted path; `undefined` takes the field out. */
function spoil(document: object, path: string, value: unknown): Buffer {
  const copy = structuredClone(document);
  const names = path.split(".");
  const last = names.pop() ?? "";
  let at = copy as Record<string, unknown>;
  for (const name of names) at = at[name] as Record<string, unknown>;
  at[last] = value;
  return Buffer.from(JSON.stringify(copy));
}

function assertFails(parse: () => unknown, code: string, problem: RegExp): void {
  assert.throws(parse, (error) => {
    assert.ok(error instanceof RollcallError, String(error));
    assert.equal(error.code, code);
    assert.match(error.problem, problem);
    return true;
  });
}

describe("parseManifest", () => {
  it("reads what was written", () => {
    assert.deepEqual(parseManifest(toBytes(manifest), PATH), manifest);
  });

  it("reads a snapshot that was not counted, has no predecessor and a secret without expiry", () => {
    const first: Manifest = {
      ...manifest,
      completeness: { listed: 0, unique: 0, duplicates: 0, counted: null, verdict: "uncounted" },
      credential: { kind: "secret", name: "graph-secret", version: "v1", expiresOn: null },
      previous: null,
      warnings: [],
    };
    assert.deepEqual(parseManifest(toBytes(first), PATH), first);
  });

  it("reads over fields that a later version added", () => {
    assert.deepEqual(parseManifest(spoil(manifest, "colour", "blue"), PATH), manifest);
    assert.deepEqual(parseManifest(spoil(manifest, "source.colour", "blue"), PATH), manifest);
  });

  it("reads a kind of credential that is in no vault", () => {
    const credential = { kind: "federated", name: null, version: null, expiresOn: null } as const;
    const read = parseManifest(toBytes({ ...manifest, credential }), PATH);
    assert.deepEqual(read.credential, credential);
    assert.equal(credentialInWords(read.credential, 0), "federated: nothing expires");
  });

  it("refuses another schema as unsupported", () => {
    for (const schema of ["rollcall.snapshot/3", "rollcall.latest/1", ""]) {
      assertFails(
        () => parseManifest(spoil(manifest, "schema", schema), PATH),
        "manifest-unsupported",
        /this version reads rollcall\.snapshot\/1/,
      );
    }
  });

  it("refuses another schema as unsupported although nothing else is as it should be", () => {
    assertFails(
      () => parseManifest(Buffer.from('{"schema":"rollcall.snapshot/3"}'), PATH),
      "manifest-unsupported",
      /its schema is "rollcall\.snapshot\/3"/,
    );
  });

  for (const [field, value] of [
    ["schema", undefined],
    ["schema", 1],
    ["tenantId", undefined],
    ["tenantId", "contoso.com"],
    ["runId", "2026-11-22"],
    ["runId", undefined],
    ["startedAt", "2026-11-22"],
    ["startedAt", "2026-11-22T02:00:00"],
    ["finishedAt", 1_795_312_860],
    ["source", null],
    ["source.url", undefined],
    ["source.properties", []],
    ["source.properties", "id"],
    ["source.pages", -1],
    ["source.requests", 1.5],
    ["source.retries", "1"],
    ["source.throttled", undefined],
    ["completeness.listed", null],
    ["completeness.unique", -1],
    ["completeness.duplicates", undefined],
    ["completeness.counted", undefined],
    ["completeness.counted", "20000"],
    ["completeness.verdict", "incomplete"],
    ["credential.kind", undefined],
    ["credential.kind", null],
    ["credential.name", undefined],
    ["credential.version", 1],
    ["credential.expiresOn", "soon"],
    ["parts", undefined],
    ["parts", {}],
    ["parts.0", "users-00000.ndjson.gz"],
    ["parts.0.name", "../users-00000.ndjson.gz"],
    ["parts.0.name", "a/b"],
    ["parts.0.name", ""],
    ["parts.0.users", -1],
    ["parts.0.bytes", 1.5],
    ["parts.0.sha256", SHA256.toUpperCase()],
    ["parts.0.sha256", SHA256.slice(1)],
    ["previous", undefined],
    ["previous.runId", "yesterday"],
    ["previous.users", null],
    ["warnings", undefined],
    ["warnings", [1]],
    ["tool.name", undefined],
    ["tool.version", 1],
  ] as const) {
    it(`names ${field} when it is ${value === undefined ? "missing" : JSON.stringify(value)}`, () => {
      const named = new RegExp(`^${field.replaceAll(".", "\\.")}(\\.\\d+)? is wrong$`);
      assertFails(() => parseManifest(spoil(manifest, field, value), PATH), "snapshot-damaged", named);
    });
  }

  it("refuses bytes that are no JSON", () => {
    const bytes = toBytes(manifest);
    for (const cut of [Buffer.alloc(0), bytes.subarray(0, -10), Buffer.from("<html>"), bytes.fill(0, 5, 9)]) {
      assertFails(() => parseManifest(cut, PATH), "snapshot-damaged", /^it is not JSON$/);
    }
  });

  it("refuses JSON that is no object", () => {
    for (const text of ["null", "[]", '"rollcall.snapshot/1"', "1"]) {
      assertFails(() => parseManifest(Buffer.from(text), PATH), "snapshot-damaged", /^it is wrong$/);
    }
  });

  it("names the blob", () => {
    assert.throws(
      () => parseManifest(Buffer.from("{}"), PATH),
      (error) => error instanceof RollcallError && error.doing === `reading ${PATH}`,
    );
  });
});

describe("parseLatest", () => {
  it("reads what was written", () => {
    assert.deepEqual(parseLatest(toBytes(latest), "latest.json"), latest);
  });

  it("refuses another schema as unsupported", () => {
    assertFails(
      () => parseLatest(toBytes(manifest), "latest.json"),
      "manifest-unsupported",
      /this version reads rollcall\.latest\/1/,
    );
  });

  for (const [field, value] of [
    ["runId", "yesterday"],
    ["manifest", undefined],
    ["sha256", "abc"],
    ["users", -1],
    ["finishedAt", "today"],
  ] as const) {
    it(`names ${field} when it is ${value === undefined ? "missing" : JSON.stringify(value)}`, () => {
      const named = new RegExp(`^${field} is wrong$`);
      assertFails(() => parseLatest(spoil(latest, field, value), "latest.json"), "snapshot-damaged", named);
    });
  }
});

describe("toBytes", () => {
  it("gives lines that a person can read, and the schema first", () => {
    const text = toBytes(manifest).toString("utf8");
    assert.ok(text.startsWith('{\n  "schema": "rollcall.snapshot/1",\n'));
    assert.ok(text.endsWith("}\n"));
  });
});

describe("sha256Of", () => {
  it("gives lower-case hex", () => {
    assert.equal(
      sha256Of(Buffer.from("abc")),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});

describe("credentialEntry", () => {
  it("keeps what names the credential, with its end as text", () => {
    const expiresOn = new Date("2027-06-30T12:00:00Z");
    const identity = { kind: "secret", name: "graph-secret", version: "v1", expiresOn } as const;
    assert.deepEqual(credentialEntry({ ...identity, ...{ proof: "Zz8Q~secret" } }), {
      kind: "secret",
      name: "graph-secret",
      version: "v1",
      expiresOn: "2027-06-30T12:00:00.000Z",
    });
    assert.equal(credentialEntry({ ...identity, expiresOn: undefined }).expiresOn, null);
  });
});

describe("damaged", () => {
  it("tells not to use the snapshot", () => {
    const error = new SnapshotDamaged(PATH, "the blob is missing");
    assert.equal(error.code, "snapshot-damaged");
    assert.equal(
      error.message.startsWith(`reading ${PATH}: the blob is missing. Do not use this snapshot.`),
      true,
    );
  });
});
