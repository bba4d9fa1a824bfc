// src/doctor is tested through the command: here.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DefaultAzureCredential } from "@azure/identity";
import { BlobServiceClient } from "@azure/storage-blob";
import { DAY, SECOND, systemClock } from "../../src/clock.ts";
import type { CheckResult } from "../../src/doctor/check.ts";
import { diagnose } from "../../src/doctor/diagnosis.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { issueCertificate } from "../../src/sandbox/service/certificate.ts";
import { startTestSandbox } from "../support/test-sandbox.ts";
import { rollcallHere, rollcallIn } from "./rollcall-process.ts";

const CHECKS = [
  "settings",
  "tenant",
  "identity",
  "vault",
  "credential",
  "token",
  "roles",
  "graph",
  "count",
  "slices",
  "storage",
  "latest",
  "clock",
  "schedule",
];

let sandbox: Sandbox;
before(async () => {
  sandbox = await startTestSandbox({ users: 300 });
});
after(() => sandbox[Symbol.asyncDispose]());

/** Runs `doctor --json` and gives its results by the name of the check. */
async function examine(exitCode: 0 | 1, overrides: Readonly<Record<string, string>> = {}) {
  const outcome = await rollcallIn(sandbox, overrides, rollcallHere)("doctor", "--json");
  assert.equal(outcome.exitCode, exitCode, outcome.stdout + outcome.stderr);
  const results = JSON.parse(outcome.stdout) as CheckResult[];
  assert.deepEqual(
    results.map(({ check }) => check),
    CHECKS,
  );
  return new Map(results.map((result) => [result.check, result]));
}

function statuses(results: ReadonlyMap<string, CheckResult>, status: CheckResult["status"]): string[] {
  return CHECKS.filter((check) => results.get(check)?.status === status);
}

describe("rollcall doctor", () => {
  it("finds all good and leaves no blob behind", async () => {
    const { exitCode, stdout } = await rollcallIn(sandbox)("doctor");
    assert.equal(exitCode, 0, stdout);
    for (const check of CHECKS) assert.match(stdout, new RegExp(`^✓ ok +${check} `, "m"));
    assert.match(stdout, /the directory has 300 users/);
    assert.match(stdout, /next at \d{4}-\d\d-\d\d 02:00 UTC/);
    assert.match(stdout, /\nAll good\.\n$/);
    assert.ok(stdout.split("\n").every((line) => line.length <= 80));
    const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
    const blobs = await Array.fromAsync(
      service.getContainerClient(sandbox.environment.ROLLCALL_CONTAINER ?? "").listBlobsFlat(),
    );
    assert.deepEqual(blobs, []);
  });

  it("names a missing app role and where to consent to it", async () => {
    sandbox.tenant.app.roles.delete("User.Read.All");
    try {
      const results = await examine(1);
      assert.deepEqual(statuses(results, "failed"), ["roles", "graph"]);
      assert.deepEqual(statuses(results, "skipped"), ["count", "slices"]);
      const { tenantId, clientId, entra } = sandbox.tenant;
      const consentUrl = `${entra.origin}/${tenantId}/adminconsent?client_id=${clientId}`;
      assert.ok(results.get("roles")?.remedy?.includes(consentUrl));
    } finally {
      sandbox.tenant.app.roles.add("User.Read.All");
    }
  });

  it("warns of an app role that allows more than reading users", async () => {
    sandbox.tenant.app.roles.delete("User.Read.All");
    sandbox.tenant.app.roles.add("Directory.Read.All");
    try {
      const results = await examine(0);
      assert.match(results.get("roles")?.remedy ?? "", /User\.Read\.All in place of Directory\.Read\.All/);
    } finally {
      sandbox.tenant.app.roles.delete("Directory.Read.All");
      sandbox.tenant.app.roles.add("User.Read.All");
    }
  });

  it("goes on behind a vault that refuses, skipping what needs it", async () => {
    sandbox.tenant.vault.roleAssigned = false;
    try {
      const results = await examine(1);
      assert.deepEqual(statuses(results, "failed"), ["vault"]);
      assert.deepEqual(statuses(results, "skipped"), [
        "credential",
        "token",
        "roles",
        "graph",
        "count",
        "slices",
      ]);
      assert.match(results.get("vault")?.remedy ?? "", /Key Vault Secrets User/);
    } finally {
      sandbox.tenant.vault.roleAssigned = true;
    }
  });

  it("names the object that the vault does not hold", async () => {
    const results = await examine(1, { ROLLCALL_CERTIFICATE_NAME: "no-such-cert" });
    assert.deepEqual(statuses(results, "failed"), ["vault"]);
    assert.match(results.get("vault")?.detail ?? "", /no-such-cert/);
  });

  it("warns of a credential that ends within 30 days", async () => {
    const expiresOn = new Date(Date.now() + 12.5 * DAY);
    const { value } = sandbox.tenant.app.addSecret({ expiresOn });
    sandbox.tenant.vault.set("ends-soon", value, { expiresOn });
    const results = await examine(0, { ROLLCALL_CERTIFICATE_NAME: "", ROLLCALL_SECRET_NAME: "ends-soon" });
    assert.deepEqual(statuses(results, "warning"), ["credential"]);
    assert.match(results.get("credential")?.remedy ?? "", /expires in 12 days/);
  });

  it("fails on a credential without a usable version, saying why", async () => {
    sandbox.tenant.vault.set("ended", "value", { expiresOn: new Date(Date.now() - DAY) });
    const results = await examine(1, { ROLLCALL_CERTIFICATE_NAME: "", ROLLCALL_SECRET_NAME: "ended" });
    assert.deepEqual(statuses(results, "failed"), ["credential"]);
    assert.match(results.get("credential")?.detail ?? "", /expired on/);
  });

  it("warns when Entra takes an older version only", async () => {
    const { pem } = await issueCertificate({ commonName: "graph-cert", days: 365 });
    sandbox.tenant.vault.set("rotated", sandbox.certificate.pem, { contentType: "application/x-pem-file" });
    sandbox.tenant.vault.set("rotated", pem, { contentType: "application/x-pem-file" });
    const results = await examine(0, { ROLLCALL_CERTIFICATE_NAME: "rotated" });
    assert.deepEqual(statuses(results, "warning"), ["token"]);
    assert.match(results.get("token")?.remedy ?? "", /Entra refused the newer version/);
  });

  it("warns where the tenant offers no count", async () => {
    using _ = sandbox.tenant.script({
      service: "graph",
      match: ({ path, query }) => path.endsWith("/$count") && !query.has("$filter"),
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "error", status: 400, code: "Request_UnsupportedQuery" },
    });
    assert.deepEqual(statuses(await examine(0), "warning"), ["count"]);
  });

  it("names the properties that Graph does not list", async () => {
    const results = await examine(1, { ROLLCALL_PROPERTIES: "id,displayName,noSuchProperty" });
    assert.deepEqual(statuses(results, "failed"), ["graph"]);
    assert.match(results.get("graph")?.detail ?? "", /noSuchProperty/);
  });

  it("refuses a public container", async () => {
    const service = BlobServiceClient.fromConnectionString(sandbox.storage.connectionString);
    await service.createContainer("for-everybody", { access: "blob" });
    const results = await examine(1, { ROLLCALL_CONTAINER: "for-everybody" });
    assert.deepEqual(statuses(results, "failed"), ["storage"]);
    assert.deepEqual(statuses(results, "skipped"), ["latest"]);
  });

  it("resolves a configured domain, and knows when there is no such tenant", async () => {
    const known = await examine(0, { ROLLCALL_TENANT_ID: sandbox.tenant.domain });
    assert.ok(known.get("tenant")?.detail.endsWith(sandbox.tenant.tenantId));
    const unknown = await examine(1, { ROLLCALL_TENANT_ID: "nobody.example" });
    assert.deepEqual(statuses(unknown, "failed"), ["tenant"]);
  });

  it("knows when a schedule is due that only NCRONTAB can write so", async () => {
    for (const [schedule, next] of [
      ["0 5/15 * * * *", /: next at \d{4}-\d\d-\d\d \d\d:(05|20|35|50) UTC$/],
      ["0 0 2 * * Monday", /: next at \d{4}-\d\d-\d\d 02:00 UTC$/],
      ["0 30 3 * january-Mar Mon-Friday", /: next at \d{4}-0[1-3]-\d\d 03:30 UTC$/],
    ] as const) {
      const results = await examine(0, { ROLLCALL_SCHEDULE: schedule });
      assert.equal(results.get("schedule")?.status, "ok", schedule);
      assert.match(results.get("schedule")?.detail ?? "", next);
    }
  });

  it("opens the key that signs, where one is named, and names the version", async () => {
    const run = rollcallIn(sandbox, { ROLLCALL_SIGNING_KEY_NAME: "manifest-key" }, rollcallHere);
    const signing = async () => {
      const results = JSON.parse((await run("doctor", "--json")).stdout) as CheckResult[];
      assert.equal(results.length, CHECKS.length + 1);
      return results.find(({ check }) => check === "signing");
    };
    const { keys, origin } = sandbox.tenant.vault;
    const { version = "" } = keys.find("manifest-key", undefined) ?? {};
    assert.deepEqual(await signing(), {
      check: "signing",
      status: "ok",
      detail: `ES256 with ${origin}/keys/manifest-key/${version}`,
    });
    keys.update("manifest-key", version, { enabled: false });
    const failed = await signing();
    keys.update("manifest-key", version, { enabled: true });
    assert.equal(failed?.status, "failed");
    assert.match(failed?.detail ?? "", /the newest version is disabled$/);
    assert.match(failed?.remedy ?? "", /az keyvault key rotate/);
  });

  it("counts wrong settings as a failed check, naming each", async () => {
    const { exitCode, stdout } = await rollcallHere(["doctor"], { ROLLCALL_TENANT_ID: "not a tenant" });
    assert.equal(exitCode, 1);
    assert.match(stdout, /^✗ failed +settings +ROLLCALL_TENANT_ID must be a directory id/);
    assert.match(stdout, / ROLLCALL_STORAGE is missing/);
    assert.match(stdout, /^· skipped +schedule +needs settings$/m);
    assert.match(stdout, /\n1 check failed, 13 skipped\.\n$/);
  });
});

describe("diagnose", () => {
  /** The results on a machine whose clock is ahead. */
  async function examineAhead(aheadMs: number): Promise<ReadonlyMap<string, CheckResult>> {
    const results = await Array.fromAsync(
      diagnose({
        loadEnvironment: () => sandbox.environment,
        openIdentity: () => new DefaultAzureCredential(),
        clock: { ...systemClock, now: () => Date.now() + aheadMs },
        signal: new AbortController().signal,
      }),
    );
    return new Map(results.map((result) => [result.check, result]));
  }

  it("warns of a clock that is off by minutes", async () => {
    const clock = (await examineAhead(90 * SECOND)).get("clock");
    assert.equal(clock?.status, "warning");
    assert.match(clock?.detail ?? "", /^(89|90|91) s ahead of Entra's$/);
    assert.equal((await examineAhead(-90 * SECOND)).get("clock")?.status, "warning");
  });

  it("fails a clock with which Entra refuses assertions", async () => {
    const clock = (await examineAhead(301 * SECOND)).get("clock");
    assert.equal(clock?.status, "failed");
    assert.match(clock?.remedy ?? "", /NTP/);
  });

  it("warns of a latest snapshot that is days old", async () => {
    await rollcallIn(sandbox, {}, rollcallHere)("snapshot");
    assert.equal((await examineAhead(0)).get("latest")?.status, "ok");
    assert.equal((await examineAhead(3 * DAY)).get("latest")?.status, "warning");
  });
});
