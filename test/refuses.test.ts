import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RollcallError } from "../src/error.ts";
import { issueCertificate } from "../src/sandbox/service/certificate.ts";
import type { Fault, FaultRule } from "../src/sandbox/service/fault.ts";
import { startForeignOrigin } from "../src/sandbox/service/foreign-origin.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { manifestPath, runFolder, runTimeMs } from "../src/snapshot/layout.ts";
import { startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";
import { TestClock } from "./support/test-clock.ts";

let storage: Storage;
before(async () => {
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

function onPage2(fault: Fault, more: Partial<FaultRule> = {}): FaultRule {
  return { service: "graph", match: ({ page }) => page === 2, fault, ...more };
}

/** Small enough that each page makes a part: a failure then has something to take back. */
const MANY_PARTS = { maxPartBytes: 1000 };

describe("a run refuses, and publishes nothing", () => {
  it("a next link to another host, and sends no token there", async () => {
    await using rig = await startRig(storage);
    await using foreign = await startForeignOrigin(rig.tenant.tls);
    rig.tenant.script(onPage2({ kind: "foreignNextLink", origin: foreign.origin }));
    const error = await rig.fails("next-link-foreign", { run: MANY_PARTS });
    assert.match(error.message, new RegExp(foreign.origin));
    assert.deepEqual([...foreign.tokensSeen], []);
    assert.equal(foreign.requests, 0);
  });

  it("a next link that comes again", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "repeatNextLink" }));
    await rig.fails("next-link-repeated", { run: MANY_PARTS });
  });

  const always = { times: Number.POSITIVE_INFINITY };

  it("a user who has no id each time", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "rowWithoutId" }, always));
    const error = await rig.fails("graph-page-invalid", { run: MANY_PARTS });
    assert.equal(
      error.message.replace(/\(request id [^)]*\)/, "(request id …)"),
      "reading page 2 of the users: the answer was unusable (the user at position 1 of the page has no object id) after 4 " +
        "attempts. Azure answered 200 (request id …). Nothing was published. The next run tries again; if it keeps failing, " +
        "give Microsoft the request id.",
    );
    assert.equal(rig.clock.waitsMs.length, 3);
  });

  for (const [words, edit, problem] of [
    ["is cut behind a comma", (body: string) => body.slice(0, body.indexOf('},{"') + 2), /it is not JSON/],
    [
      "has a broken escape",
      (body: string) => body.replace('"id":"', '"id":"\\x'),
      /it is not JSON: an escape is broken/,
    ],
    [
      "has a number that is none",
      (body: string) => body.replace(":true", ":1.2.3"),
      /it is not JSON: no comma/,
    ],
    [
      "has a next link with a broken escape",
      (body: string) => body.replace("/v1.0", "\\u12/v1.0"),
      /it is not JSON/,
    ],
    [
      "is nested without end",
      (body: string) => body.replace(":true", `:${"[".repeat(1_000_000)}`),
      /nested too deeply/,
    ],
  ] as const) {
    it(`a page that ${words} each time`, async () => {
      await using rig = await startRig(storage);
      rig.tenant.script(onPage2({ kind: "editBody", edit }, always));
      const error = await rig.fails("graph-page-invalid", { run: MANY_PARTS });
      assert.match(error.message, /^reading page 2 of the users: the answer was unusable/);
      assert.match(error.message, problem);
      assert.equal(rig.clock.waitsMs.length, 3);
    });
  }

  for (const [words, filler] of [
    ["as one text", () => `"${"x".repeat(50_000_000)}"`],
    ["of small keys", () => `{${Array.from({ length: 5_000_000 }, (_, at) => `"${at % 1000}":1`).join()}}`],
  ] as const) {
    it(`a user of 50 MB ${words} each time`, async () => {
      await using rig = await startRig(storage, { users: 1200 });
      const json = filler();
      const edit = (body: string) => body.replace('"jobTitle":', `"jobTitle":${json},"former":`);
      rig.tenant.script(onPage2({ kind: "editBody", edit }, always));
      const error = await rig.fails("graph-page-invalid", { run: MANY_PARTS });
      assert.match(
        error.message,
        /page 2 of the users: .*the user at position 1 of the page takes \d{8} bytes/,
      );
      assert.match(error.message, /most of it jobTitle, which ROLLCALL_PROPERTIES can leave out/);
      assert.ok(error.message.length < 800, `${error.message.length} characters`);
    });
  }

  it("a page larger than what is read of a body", async () => {
    await using rig = await startRig(storage, { users: 1200 });
    const edit = () => Buffer.alloc(65 * 2 ** 20, " ");
    rig.tenant.script(onPage2({ kind: "editBody", edit }, always));
    const error = await rig.fails("graph-page-invalid", { run: MANY_PARTS });
    assert.match(
      error.message,
      /page 2 of the users: .*it is larger than 67108864 bytes, the most that is read/,
    );
    assert.equal(rig.clock.waitsMs.length, 3);
  });

  for (const value of ["12,345", "2500users", "", "-1", "007", "1e3", "2500\u0000", "9".repeat(1000)]) {
    it(`a count that is ${JSON.stringify(value).slice(0, 20)} each time`, async () => {
      await using rig = await startRig(storage, { users: 10 });
      rig.tenant.script({ service: "graph", ...always, fault: { kind: "count", value } });
      const error = await rig.fails("graph-page-invalid");
      assert.match(
        error.message,
        /^counting the users: the answer was unusable \(it is not a count\) after 4 attempts/,
      );
    });
  }

  it("a listing that ends early", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "endEarly" }));
    const error = await rig.fails("listing-short", { run: MANY_PARTS });
    assert.match(error.message, /1998 different users were listed, but the directory counts 2500/);
  });

  it("a listing that leaves six users out", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "omitUsers", count: 6 }));
    await rig.fails("listing-short");
  });

  it("an empty listing, even where the directory counts none", async () => {
    await using rig = await startRig(storage, { users: 0 });
    await rig.fails("listing-empty");
  });

  it("a listing a fifth smaller than the last snapshot, even when the count agrees", async () => {
    await using rig = await startRig(storage, { users: 100 });
    await rig.run();
    const doomed = [...rig.tenant.directory.ids()].slice(0, 21);
    for (const id of doomed) rig.tenant.directory.remove(id);
    const error = await rig.fails("listing-shrunk", { run: MANY_PARTS });
    assert.match(error.message, /79 users were listed, 21 % fewer than the 100/);
    assert.match(error.message, /--accept-shrink/);

    const accepted = await rig.run({ run: { acceptShrink: true } });
    assert.equal(accepted.guard.shrinkAccepted, true);
    assert.equal(accepted.changes?.left, 21);
    const next = await rig.run();
    assert.equal(next.guard.shrinkAccepted, false);
  });

  it("nothing that stays within ROLLCALL_MAX_SHRINK_PERCENT", async () => {
    await using rig = await startRig(storage, { users: 100 });
    await rig.run();
    for (const id of [...rig.tenant.directory.ids()].slice(0, 40)) rig.tenant.directory.remove(id);
    const manifest = await rig.run({ settings: { ROLLCALL_MAX_SHRINK_PERCENT: "40" } });
    assert.deepEqual(manifest.guard, { maxShrinkPercent: 40, shrinkAccepted: false });
  });

  it("a page token that keeps expiring", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({
      service: "graph",
      match: ({ page }) => page === 3,
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "expiredPageToken" },
    });
    await rig.fails("graph-page-token-expired", { run: MANY_PARTS });
    const firstPages = rig.tenant.requests.filter(({ query }) => /^\$top=999&\$select=[^&]*$/.test(query));
    assert.equal(firstPages.length, 4);
  });

  it("a manifest that exists already: a run in the same second goes to the next", async () => {
    await using rig = await startRig(storage);
    const secondMs = Math.floor(Date.now() / 1000) * 1000;
    const first = await rig.run({ run: { clock: new TestClock(secondMs + 250) } });
    assert.equal(runTimeMs(first.runId), secondMs);
    const again = new TestClock(secondMs + 750);
    const second = await rig.run({ run: { clock: again } });
    assert.equal(runTimeMs(second.runId), secondMs + 1000);
    assert.equal(second.previous?.runId, first.runId);
  });

  it("to overwrite a manifest that turns up while it runs", async () => {
    await using rig = await startRig(storage);
    const clock = new TestClock(Date.now());
    let foreign = "";
    rig.tenant.script(
      onPage2({
        kind: "before",
        run: async () => {
          foreign = manifestPath(runFolder(rig.tenant.tenantId, new Date(clock.now())));
          await rig.container.getBlockBlobClient(foreign).upload("{}", 2);
        },
      }),
    );
    const error = await rig.run({ run: { clock, ...MANY_PARTS } }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof RollcallError);
    assert.equal(error.code, "snapshot-exists");
    assert.deepEqual(await rig.json(foreign), {});
    assert.ok(!(await rig.blobs()).some((name) => name.endsWith("latest.json")));
  });

  it("a second run at the same time, which is told of the first", async () => {
    await using rig = await startRig(storage);
    let secondError: unknown;
    rig.tenant.script(
      onPage2({
        kind: "before",
        run: async () => {
          secondError = await rig.run().catch((error: unknown) => error);
        },
      }),
    );
    const manifest = await rig.run();
    assert.ok(secondError instanceof RollcallError);
    assert.equal(secondError.code, "lock-held");
    assert.match(secondError.message, new RegExp(`run ${manifest.runId} is at work`));
    assert.equal((await rig.published()).length, 2);
  });
});

describe("a run gives up on faults that do not pass", () => {
  const always = { times: Number.POSITIVE_INFINITY };

  it("Graph out of order", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "error", status: 503, body: "<html>down</html>" }, always));
    const error = await rig.fails("graph-unavailable", { run: MANY_PARTS });
    assert.match(error.message, /reading page 2 of the users: refused with 503 after 10 attempts/);
  });

  it("pages that stay damaged", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "notJson" }, always));
    await rig.fails("graph-page-invalid", { run: MANY_PARTS });
  });

  it("throttling that outlasts the time budget", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "throttle", retryAfter: "120" }, always));
    const error = await rig.fails("graph-throttled", { settings: { ROLLCALL_TIME_BUDGET_MINUTES: "5" } });
    assert.equal(error.answer?.status, 429);
    assert.ok(error.answer?.requestId);
    assert.deepEqual(rig.clock.waitsMs, [120_000, 120_000]);
  });

  it("a time budget that runs out in the middle of a page", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "stall", phase: "body" }));
    await rig.fails("time-budget-exceeded", {
      settings: { ROLLCALL_TIME_BUDGET_MINUTES: "0.03" },
      run: MANY_PARTS,
    });
  });

  it("a host that shuts down", async () => {
    await using rig = await startRig(storage);
    const termination = new AbortController();
    rig.tenant.script(
      onPage2({
        kind: "before",
        run: () =>
          termination.abort(new RollcallError("terminated", { doing: "a", problem: "b", remedy: "c" })),
      }),
    );
    await rig.fails("terminated", { run: { signal: termination.signal, ...MANY_PARTS } });
  });

  it("a token that is refused twice", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script(onPage2({ kind: "rejectToken" }, always));
    const error = await rig.fails("graph-token-refused");
    assert.equal(error.answer?.code, "InvalidAuthenticationToken");
  });

  it("an authority that gives an empty token", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({
      service: "entra",
      match: ({ method }) => method === "POST",
      ...always,
      fault: { kind: "emptyToken" },
    });
    await rig.fails("token-unavailable");
    assert.equal(rig.tenant.tokensSeenBy("graph").size, 0);
  });

  it("an identity that gives an empty token", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "identity", ...always, fault: { kind: "emptyToken" } });
    const error = await rig.run().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof RollcallError);
    assert.equal(error.code, "identity-unavailable");
    assert.equal(rig.tenant.tokensSeenBy("vault").size, 0);
  });

  it("a vault that never answers", async () => {
    await using rig = await startRig(storage);
    rig.tenant.script({ service: "vault", ...always, fault: { kind: "error", status: 500 } });
    await rig.fails("vault-unreachable");
  });
});

describe("a run tells what is wrong with its settings' objects", () => {
  it("a tenant id that does not exist", async () => {
    await using rig = await startRig(storage);
    const error = await rig.fails("tenant-not-found", {
      settings: {
        ROLLCALL_TENANT_ID: "11111111-2222-4333-8444-555555555555",
      },
    });
    assert.match(error.message, /ROLLCALL_TENANT_ID/);
  });

  it("a domain that does not exist", async () => {
    await using rig = await startRig(storage);
    await rig.fails("tenant-not-found", { settings: { ROLLCALL_TENANT_ID: "nowhere.example.com" } });
  });

  it("a client that does not exist", async () => {
    await using rig = await startRig(storage);
    const error = await rig.fails("client-not-found", {
      settings: {
        ROLLCALL_CLIENT_ID: "11111111-2222-4333-8444-555555555555",
      },
    });
    assert.match(error.message, /AADSTS700016/);
  });

  it("a vault that is not there", async () => {
    await using rig = await startRig(storage);
    await rig.fails("vault-unreachable", { settings: { ROLLCALL_KEY_VAULT_URL: "https://127.0.0.1:9" } });
  });

  it("a vault that does not let the identity in", async () => {
    await using rig = await startRig(storage);
    rig.tenant.vault.roleAssigned = false;
    const error = await rig.fails("vault-denied");
    assert.match(error.message, /Key Vault Secrets User/);
    assert.equal(error.answer?.code, "ForbiddenByRbac");
  });

  it("a secret name that is not there", async () => {
    await using rig = await startRig(storage);
    const error = await rig.fails("credential-not-found", {
      settings: { ROLLCALL_CERTIFICATE_NAME: "no-such-thing" },
    });
    assert.match(error.message, /no-such-thing/);
  });

  it("a secret whose every version is expired or disabled", async () => {
    await using rig = await startRig(storage);
    rig.tenant.vault.set("old", "x", { expiresOn: new Date(Date.now() - 86_400_000) });
    rig.tenant.vault.set("old", "y", { enabled: false });
    const error = await rig.fails("credential-unusable", {
      settings: {
        ROLLCALL_CERTIFICATE_NAME: "",
        ROLLCALL_SECRET_NAME: "old",
      },
    });
    assert.match(error.message, /expired on .*disabled|disabled.*expired on/);
  });

  it("a secret that Entra rejects in every version, in words", async () => {
    await using rig = await startRig(storage);
    rig.tenant.vault.set("wrong", "never-registered-1");
    rig.tenant.vault.set("wrong", "never-registered-2");
    const error = await rig.fails("credential-rejected", {
      settings: {
        ROLLCALL_CERTIFICATE_NAME: "",
        ROLLCALL_SECRET_NAME: "wrong",
      },
    });
    assert.equal(error.message.match(/was rejected \(AADSTS7000215: the client secret is wrong/g)?.length, 2);
    assert.doesNotMatch(error.message, /never-registered/);
  });

  it("a secret that has expired in Entra, in words", async () => {
    await using rig = await startRig(storage);
    const { value } = rig.tenant.app.addSecret({ expiresOn: new Date(Date.now() - 1000) });
    rig.tenant.vault.set("late", value);
    const error = await rig.fails("credential-rejected", {
      settings: {
        ROLLCALL_CERTIFICATE_NAME: "",
        ROLLCALL_SECRET_NAME: "late",
      },
    });
    assert.match(error.message, /AADSTS7000222: the client secret has expired/);
  });

  it("a certificate that is garbage", async () => {
    await using rig = await startRig(storage);
    rig.tenant.vault.set("junk", "bm90IGEgY2VydGlmaWNhdGU=", { contentType: "application/x-pkcs12" });
    const error = await rig.fails("certificate-unreadable", {
      settings: { ROLLCALL_CERTIFICATE_NAME: "junk" },
    });
    assert.match(error.message, /not readable as PKCS#12/);
  });

  it("a certificate that the app does not know", async () => {
    await using rig = await startRig(storage);
    const strange = await issueCertificate({ commonName: "graph-cert", days: 365 });
    rig.tenant.vault.set("strange", strange.pem, { contentType: "application/x-pem-file" });
    const error = await rig.fails("credential-rejected", {
      settings: { ROLLCALL_CERTIFICATE_NAME: "strange" },
    });
    assert.match(error.message, /AADSTS700027/);
  });

  it("a missing admin consent, with the link that gives it", async () => {
    await using rig = await startRig(storage);
    rig.tenant.app.roles.clear();
    const error = await rig.fails("graph-permission-missing");
    assert.match(error.message, /User\.Read\.All/);
    const { entra, tenantId, clientId } = rig.tenant;
    assert.ok(error.message.includes(`${entra.origin}/${tenantId}/adminconsent?client_id=${clientId}`));
  });

  it("a property that needs another permission", async () => {
    await using rig = await startRig(storage);
    const error = await rig.fails("graph-permission-missing", {
      settings: { ROLLCALL_PROPERTIES: "id,signInActivity" },
    });
    assert.match(error.message, /AuditLog\.Read\.All/);
  });

  it("a property that needs a licence", async () => {
    await using rig = await startRig(storage, { premium: false });
    rig.tenant.app.roles.add("AuditLog.Read.All");
    await rig.fails("graph-licence-missing", { settings: { ROLLCALL_PROPERTIES: "id,signInActivity" } });
  });

  it("a property that does not exist", async () => {
    await using rig = await startRig(storage);
    const error = await rig.fails("graph-properties-refused", {
      settings: { ROLLCALL_PROPERTIES: "id,favouriteColour" },
    });
    assert.match(error.message, /favouriteColour/);
  });

  it("a storage account that is not there", async () => {
    await using rig = await startRig(storage);
    await rig.fails("storage-unavailable", {
      settings: { ROLLCALL_STORAGE: "https://127.0.0.1:9/devstoreaccount1" },
    });
  });

  it("a container that is open to the public", async () => {
    await using rig = await startRig(storage);
    await rig.container.create({ access: "container" });
    await rig.fails("container-public");
  });
});
