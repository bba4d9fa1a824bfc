import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "node:test";
import { inspect } from "node:util";
import { flattenedVerify } from "jose";
import { RollcallError } from "../../src/error.ts";
import type { Fault } from "../../src/sandbox/service/fault.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import { openSigningKey } from "../../src/signature/signing-key.ts";
import { openTenant } from "../sandbox/caller.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { identityOf, runContext } from "../support/vault-caller.ts";

const NAME = "manifest-key";
const DAY = 24 * 60 * 60 * 1000;
const manifest = Buffer.from('{"schema":"rollcall.snapshot/2"}\n');
const always = { times: Number.POSITIVE_INFINITY };

let tenant: Tenant;
beforeEach(async () => {
  tenant = await openTenant();
});
afterEach(() => tenant[Symbol.asyncDispose]());

function open(context = runContext(), vaultUrl = tenant.vault.origin) {
  return openSigningKey(vaultUrl, NAME, identityOf(tenant), context);
}

async function sign(): Promise<string> {
  return (await open()).sign(manifest);
}

/** Asserts that signing fails in its own words, and tells no secret. */
async function fails(attempt: () => Promise<unknown>, problem: RegExp): Promise<RollcallError> {
  const error = await attempt().then(
    () => assert.fail("it was signed"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RollcallError, inspect(error));
  assert.equal(error.code, "signing-failed", inspect(error));
  assert.match(error.problem, problem);
  const told = inspect(error, { depth: 8 }) + JSON.stringify(error) + error.stack;
  for (const secret of ["eyJ", "PRIVATE", tenant.identity.header]) assert.ok(!told.includes(secret), told);
  return error;
}

function signRequests(): number {
  return tenant.requests.filter(({ path, status }) => path.endsWith("/sign") && status === 200).length;
}

/** Makes signing go wrong, and nothing before it. */
function scriptSign(fault: Fault): void {
  const match = ({ path, headers }: { path: string; headers: { authorization?: string | undefined } }) =>
    path.endsWith("/sign") && headers.authorization !== undefined;
  tenant.script({ service: "vault", match, fault, ...always });
}

describe("a signing key", () => {
  for (const [kind, alg] of [
    [{ kty: "EC", curve: "P-256" }, "ES256"],
    [{ kty: "RSA", bits: 2048 }, "PS256"],
    [{ kty: "RSA", bits: 3072 }, "PS256"],
  ] as const) {
    it(`of kind ${Object.values(kind).join(" ")} signs by ${alg}, in the vault`, async () => {
      const version = tenant.vault.keys.create(NAME, kind);
      const key = await open();
      assert.deepEqual(key.entry, { alg, kid: `${tenant.vault.origin}/keys/${NAME}/${version}` });
      const jws = await key.sign(manifest);
      assert.equal(signRequests(), 1);
      const [protectedHeader = "", , signature = ""] = jws.split(".");
      const jwk = tenant.vault.keys.find(NAME, version)?.value.publicJwk;
      assert.ok(jwk);
      await flattenedVerify(
        { protected: protectedHeader, payload: manifest.toString("base64url"), signature },
        createPublicKey({ key: jwk, format: "jwk" }),
      );
    });
  }

  it("is the newest version", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const newest = tenant.vault.keys.rotate(NAME);
    assert.equal((await open()).entry.kid, `${tenant.vault.origin}/keys/${NAME}/${newest}`);
  });

  it("goes on signing as the version it was opened as when it is rotated meanwhile", async () => {
    const first = tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const key = await open();
    tenant.vault.keys.rotate(NAME);
    const [header = ""] = (await key.sign(manifest)).split(".");
    assert.ok(Buffer.from(header, "base64url").toString().includes(`/${first}"`));
  });

  it("must be there", async () => {
    const error = await fails(open, /holds no key of that name/);
    assert.match(error.doing, new RegExp(`^opening key ${NAME} in https://127`));
    assert.match(error.remedy, /az keyvault key create --name manifest-key --kty EC --curve P-256/);
  });

  it("needs the role Key Vault Crypto User", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    tenant.vault.keys.roleAssigned = false;
    const error = await fails(open, /refused the identity/);
    assert.match(error.remedy, /"Key Vault Crypto User" on the key/);
    assert.deepEqual([error.answer?.status, error.answer?.code], [403, "ForbiddenByRbac"]);
    assert.match(error.answer?.requestId ?? "", /^[0-9a-f-]{36}$/);
  });

  it("needs the role while it signs, too", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const key = await open();
    tenant.vault.keys.roleAssigned = false;
    const error = await fails(() => key.sign(manifest), /refused the identity/);
    assert.match(error.doing, /^signing with key manifest-key/);
  });

  it("must be enabled, in its time and made for signing", async () => {
    const { keys } = tenant.vault;
    const version = keys.create(NAME, { kty: "EC", curve: "P-256" });
    const inDays = (days: number) => new Date(Date.now() + days * DAY);
    keys.update(NAME, version, { enabled: false });
    await fails(open, /^the newest version is disabled$/);
    keys.update(NAME, version, { enabled: true, expiresOn: inDays(-1) });
    await fails(open, /^the newest version expired on \d{4}-\d\d-\d\d$/);
    keys.update(NAME, version, { expiresOn: inDays(9), notBefore: inDays(5) });
    await fails(open, /^the newest version is not valid before/);
    keys.update(NAME, version, { notBefore: inDays(-5), operations: ["verify"] });
    await fails(open, /^the newest version may not be used for signing$/);
    keys.update(NAME, version, { operations: ["sign"] });
    await sign();
  });

  it("says what happened to it between the beginning of a run and its end", async () => {
    const { keys } = tenant.vault;
    const version = keys.create(
      NAME,
      { kty: "EC", curve: "P-256" },
      { expiresOn: new Date(Date.now() + DAY) },
    );
    const context = runContext();
    const key = await open(context);
    keys.update(NAME, version, { enabled: false });
    const disabled = await fails(() => key.sign(manifest), /^the key is disabled$/);
    assert.deepEqual([disabled.answer?.status, disabled.answer?.code], [403, "KeyDisabled"]);
    keys.update(NAME, version, { enabled: true, operations: [] });
    await fails(() => key.sign(manifest), /^the key may not be used for signing$/);
    context.clock.set(Date.now() + 2 * DAY);
    await fails(() => key.sign(manifest), /^the newest version expired on/);
  });

  it("of another kind is refused in words", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-384" });
    const error = await fails(open, /is of kind EC P-384, and manifests are signed with EC P-256, or RSA/);
    assert.match(error.remedy, /ROLLCALL_SIGNING_KEY_NAME/);
  });

  it("signs after a passing fault", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    for (const fault of [
      { kind: "throttle", retryAfter: "3" },
      { kind: "reset" },
      { kind: "error", status: 503, body: "<html>" },
      { kind: "error", status: 502, body: "" },
    ] as const) {
      const match = ({ path }: { path: string }) => path.endsWith("/sign");
      tenant.script({ service: "vault", match, fault });
      await sign();
    }
    assert.equal(signRequests(), 4);
  });

  it("fails when the vault stays out of order, silent, or is not there", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const key = await open();
    scriptSign({ kind: "error", status: 500 });
    await fails(() => key.sign(manifest), /refused with 500 after \d+ attempts/);
    await fails(
      () => open(runContext(), "https://127.0.0.1:9"),
      /no complete answer arrived \(ECONNREFUSED\)/,
    );
  });

  it("fails when the vault redirects; the token does not travel", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const asked = tenant.requests.length;
    const location = `${tenant.graph.origin}/stray`;
    scriptSign({ kind: "redirect", status: 307, location });
    await fails(sign, /redirect; it was not followed/);
    assert.ok(!tenant.requests.slice(asked).some(({ path }) => path.includes("stray")));
  });

  it("gets no token for a vault whose challenge names another domain", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    // Not this machine by its name, so the SDK's check of the challenge is on; the way there is a tunnel.
    const to = Number(new URL(tenant.vault.origin).port);
    await using proxy = await startConnectProxy(() => ({ kind: "open", to }));
    process.env.HTTPS_PROXY = proxy.url;
    try {
      await fails(() => open(runContext(), "https://localhost."), /answer was not understood/);
    } finally {
      delete process.env.HTTPS_PROXY;
    }
    assert.equal(tenant.requests.filter(({ service }) => service === "vault").length, 1);
    assert.equal(tenant.tokensSeenBy("vault").size, 0);
    assert.ok(!tenant.requests.some(({ service }) => service === "identity"));
  });

  it("fails when there is no identity", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    tenant.script({ service: "identity", fault: { kind: "error", status: 400 }, ...always });
    await fails(open, /no identity gave a token/);
  });

  for (const status of [307, 400, 401, 403, 404, 407]) {
    it(`tells nothing of an answer that repeats the token (${status})`, async () => {
      tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
      const key = await open();
      scriptSign({ kind: "echo", status });
      await fails(() => key.sign(manifest), /./);
    });
  }

  it("fails when the signature does not fit the key", async () => {
    const version = tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const key = await open();
    const kept = tenant.vault.keys.find(NAME, version);
    assert.ok(kept);
    Object.assign(kept.value, { privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey });
    await fails(() => key.sign(manifest), /does not fit the key's own public half/);
  });

  it("stops when the run is ended", async () => {
    tenant.vault.keys.create(NAME, { kty: "EC", curve: "P-256" });
    const stop = new AbortController();
    const key = await open(runContext(stop.signal));
    const reason = new Error("ended");
    scriptSign({ kind: "before", run: () => stop.abort(reason) });
    await assert.rejects(key.sign(manifest), (error) => error === reason);
  });
});
