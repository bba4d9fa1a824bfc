import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startForeignOrigin } from "../../src/sandbox/service/foreign-origin.ts";
import { hashToken } from "../../src/sandbox/service/journal.ts";
import type { Tenant } from "../../src/sandbox/tenant.ts";
import {
  type Answer,
  appToken,
  get,
  identityToken,
  openTenant,
  post,
  secretForm,
  tokenEndpoint,
  usersUrl,
  walk,
} from "./caller.ts";

const eventual = { ConsistencyLevel: "eventual" };

/** The first page of ten, and everything to ask for more. */
async function listOf(
  tenant: Tenant,
): Promise<{ first: () => Promise<Answer>; all: () => Promise<Answer[]> }> {
  const token = await appToken(tenant);
  const url = usersUrl(tenant, { top: "100", select: "id" });
  return { first: () => get(url, token), all: () => Array.fromAsync(walk(url, token)) };
}

function idsOf(page: Answer | undefined): string[] {
  return page?.json.value.map((user: { id: string }) => user.id);
}

describe("a rule", () => {
  it("strikes once by default, after the requests that it lets pass, and can be taken back", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    tenant.script({ service: "graph", after: 1, fault: { kind: "error", status: 503 } });
    assert.deepEqual(
      [(await first()).status, (await first()).status, (await first()).status],
      [200, 503, 200],
    );
    {
      using _ = tenant.script({
        service: "graph",
        times: Number.POSITIVE_INFINITY,
        fault: { kind: "error", status: 500 },
      });
      assert.deepEqual([(await first()).status, (await first()).status], [500, 500]);
    }
    assert.equal((await first()).status, 200);
  });

  it("waits its turn, so that one request has one fault", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    for (const status of [500, 502, 503])
      tenant.script({ service: "graph", fault: { kind: "error", status } });
    tenant.script({ service: "graph", after: 3, fault: { kind: "error", status: 504 } });
    const statuses: number[] = [];
    for (let call = 0; call < 5; call++) statuses.push((await first()).status);
    assert.deepEqual(statuses, [500, 502, 503, 504, 200]);
  });

  it("sees the request, its page and its ordinal", async () => {
    await using tenant = await openTenant();
    const seen: unknown[] = [];
    tenant.script({
      service: "graph",
      match: ({ page, nth, method, path, query, headers }) => {
        seen.push([page, nth, method, path, query.has("$skiptoken"), typeof headers.authorization]);
        return false;
      },
      fault: { kind: "reset" },
    });
    await (await listOf(tenant)).all();
    const row = (page: number) => [page, page, "GET", "/v1.0/users", page > 1, "string"];
    assert.deepEqual(seen, [row(1), row(2), row(3)]);
  });

  it("must fit the service", async () => {
    await using tenant = await openTenant();
    assert.throws(() => tenant.script({ service: "vault", fault: { kind: "emptyPage" } }), TypeError);
  });
});

describe("faults of any service", () => {
  it("throttle with Retry-After verbatim, or without", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    for (const retryAfter of ["7", "2.128", "Sun, 22 Nov 2026 02:00:00 GMT"]) {
      tenant.script({ service: "graph", fault: { kind: "throttle", retryAfter } });
      const answer = await first();
      assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, retryAfter]);
      assert.equal(answer.json.error.innerError.status, "429");
    }
    tenant.script({ service: "graph", fault: { kind: "throttle", status: 503 } });
    const answer = await first();
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, undefined]);
  });

  it("take each service's own shape", async () => {
    await using tenant = await openTenant();
    const fault = { kind: "throttle", retryAfter: "1" } as const;
    for (const service of ["entra", "vault", "identity"] as const) tenant.script({ service, fault });
    const token = await post(tokenEndpoint(tenant), secretForm(tenant));
    assert.deepEqual([token.status, token.json.error_codes], [429, [90055]]);
    assert.equal(
      (await get(`${tenant.vault.origin}/secrets/key?api-version=7.4`)).json.error.code,
      "Throttled",
    );
    assert.equal((await get(tenant.identity.endpoint)).json.StatusCode, 429);
  });

  it("answer with errors, HTML, or success that is none", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    tenant.script({
      service: "graph",
      fault: { kind: "error", status: 502, code: "generalException", message: "Oh" },
    });
    assert.deepEqual((await first()).json.error.code, "generalException");
    tenant.script({ service: "graph", fault: { kind: "error", status: 503, body: "<h1>Gateway</h1>" } });
    const gateway = await first();
    assert.deepEqual(
      [gateway.status, gateway.text, gateway.headers["content-type"]],
      [503, "<h1>Gateway</h1>", "text/html; charset=utf-8"],
    );
    tenant.script({ service: "graph", fault: { kind: "notJson" } });
    const proxy = await first();
    assert.deepEqual([proxy.status, proxy.json], [200, undefined]);
    tenant.script({ service: "graph", fault: { kind: "errorAs200", code: "UnknownError" } });
    const disguised = await first();
    assert.deepEqual([disguised.status, disguised.json.error.code], [200, "UnknownError"]);
  });

  it("break the connection before or within the body, or end the body as if it were whole", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    const whole = (await first()).text;
    tenant.script({ service: "graph", fault: { kind: "reset" } });
    await assert.rejects(first());
    tenant.script({ service: "graph", fault: { kind: "cutBody", atShare: 0.5 } });
    await assert.rejects(first());
    tenant.script({ service: "graph", fault: { kind: "cutBody", atShare: 0.5, framed: true } });
    const cut = await first();
    assert.deepEqual([cut.status, cut.json], [200, undefined]);
    assert.ok(whole.startsWith(cut.text));
    assert.deepEqual(
      tenant.requests.filter(({ service }) => service === "graph").map(({ status }) => status),
      [200, 0, 200, 200],
    );
  });

  it("stall until the tenant closes, which it does at once", async () => {
    const tenant = await openTenant();
    const { first } = await listOf(tenant);
    for (const phase of ["headers", "body"] as const) {
      tenant.script({ service: "graph", fault: { kind: "stall", phase } });
    }
    tenant.script({ service: "graph", after: 2, fault: { kind: "delay", ms: 60_000 } });
    const stalled = Promise.allSettled([first(), first(), first()]);
    while (tenant.requests.filter(({ service }) => service === "graph").length < 3)
      await new Promise(setImmediate);
    const start = performance.now();
    await tenant[Symbol.asyncDispose]();
    assert.ok(performance.now() - start < 1000);
    assert.deepEqual(
      (await stalled).map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
  });

  it("come late", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    tenant.script({ service: "graph", fault: { kind: "delay", ms: 80 } });
    const start = performance.now();
    assert.equal((await first()).status, 200);
    assert.ok(performance.now() - start >= 75);
  });
});

describe("faults of tokens", () => {
  it("leave the token out of an answer that looks fine", async () => {
    await using tenant = await openTenant();
    for (const service of ["entra", "identity"] as const)
      tenant.script({ service, fault: { kind: "emptyToken" } });
    assert.equal(await appToken(tenant), "");
    assert.equal(await identityToken(tenant, "https://vault.azure.net"), "");
  });

  it("reject a good token in mid-listing", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    tenant.script({ service: "graph", match: ({ page }) => page === 1, fault: { kind: "rejectToken" } });
    const rejected = await first();
    assert.deepEqual([rejected.status, rejected.json.error.code], [401, "InvalidAuthenticationToken"]);
    assert.equal((await first()).status, 200);
  });
});

describe("faults of pages", () => {
  it("expire a page token, which the first page has none of", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    tenant.script({ service: "graph", fault: { kind: "expiredPageToken" } });
    const page = await first();
    const token = await appToken(tenant);
    const expired = await get(page.json["@odata.nextLink"], token);
    assert.deepEqual([expired.status, expired.json.error.code], [400, "Directory_ExpiredPageToken"]);
    assert.equal((await get(page.json["@odata.nextLink"], token)).status, 200);
  });

  it("slip an empty page in, and the listing goes on correctly", async () => {
    await using tenant = await openTenant();
    tenant.script({ service: "graph", match: ({ page }) => page === 2, fault: { kind: "emptyPage" } });
    const pages = await (await listOf(tenant)).all();
    assert.deepEqual(
      pages.map((page) => idsOf(page).length),
      [100, 0, 100, 100],
    );
    assert.deepEqual(pages.flatMap(idsOf), [...tenant.directory.ids()]);
  });

  it("repeat users, leave users out, leave an id out", async () => {
    await using tenant = await openTenant();
    const everybody = [...tenant.directory.ids()];
    const list = await listOf(tenant);
    const secondPage = (fault: Parameters<Tenant["script"]>[0]["fault"]) =>
      tenant.script({ service: "graph", match: ({ page }) => page === 2, fault });
    secondPage({ kind: "duplicate", count: 3 });
    const repeated = (await list.all()).flatMap(idsOf);
    assert.deepEqual([repeated.length, new Set(repeated).size], [303, 300]);
    secondPage({ kind: "omitUsers", count: 5 });
    const short = (await list.all()).flatMap(idsOf);
    assert.deepEqual(
      everybody.filter((id) => !short.includes(id)),
      everybody.slice(195, 200),
    );
    secondPage({ kind: "rowWithoutId" });
    assert.deepEqual(idsOf((await list.all())[1]).indexOf(undefined as unknown as string), 0);
    secondPage({ kind: "editBody", edit: () => '{"value":[{"id":"edited"}]}' });
    assert.deepEqual(idsOf((await list.all())[1]), ["edited"]);
    secondPage({ kind: "endEarly" });
    assert.equal((await list.all()).flatMap(idsOf).length, 200);
  });

  it("repeat a next link, or lead it to another origin", async () => {
    await using tenant = await openTenant();
    await using foreign = await startForeignOrigin();
    const { first } = await listOf(tenant);
    const token = await appToken(tenant);
    const second = (await first()).json["@odata.nextLink"];
    tenant.script({ service: "graph", fault: { kind: "repeatNextLink" } });
    assert.equal((await get(second, token)).json["@odata.nextLink"], second);
    tenant.script({ service: "graph", fault: { kind: "foreignNextLink", origin: foreign.origin } });
    const astray = (await first()).json["@odata.nextLink"];
    assert.ok(astray.startsWith(`${foreign.origin}/v1.0/users?`));
    await get(astray);
    assert.deepEqual([foreign.requests, foreign.tokensSeen.size], [1, 0]);
    await get(astray, token);
    assert.deepEqual([...foreign.tokensSeen], [hashToken(token)]);
  });

  it("run something first, so that the page shows it", async () => {
    await using tenant = await openTenant();
    tenant.script({
      service: "graph",
      match: ({ page }) => page === 2,
      fault: { kind: "before", run: () => tenant.directory.remove([...tenant.directory.ids()][150] ?? "") },
    });
    const pages = await (await listOf(tenant)).all();
    assert.deepEqual(
      pages.map((page) => idsOf(page).length),
      [100, 99, 100],
    );
  });
});

describe("faults of the count", () => {
  it("say another number, any text, or that there is no count, and leave lists alone", async () => {
    await using tenant = await openTenant();
    const { first } = await listOf(tenant);
    const token = await appToken(tenant);
    const count = () => get(`${tenant.graph.origin}/v1.0/users/$count`, token, eventual);
    tenant.script({ service: "graph", fault: { kind: "count", value: 299 } });
    assert.equal((await first()).status, 200);
    assert.equal((await count()).text, "299");
    tenant.script({ service: "graph", fault: { kind: "count", value: "\uFEFF300\r\n" } });
    assert.equal((await count()).text.trim(), "300");
    tenant.script({ service: "graph", fault: { kind: "count", value: "unsupported" } });
    assert.equal((await count()).status, 400);
    assert.equal((await count()).text, "300");
  });
});

describe("the journal", () => {
  it("records every request and keeps no token, only which service saw which", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    await get(usersUrl(tenant, { select: "id" }), token, { "x-ms-throttle-priority": "Low" });
    const record = tenant.requests.at(-1);
    assert.deepEqual(
      [record?.service, record?.method, record?.path, record?.query, record?.status],
      ["graph", "GET", "/v1.0/users", "$select=id", 200],
    );
    assert.equal(record?.headers["x-ms-throttle-priority"], "Low");
    assert.equal(record?.authorizationScheme, "Bearer");
    assert.ok(!JSON.stringify(tenant.requests).includes(token));
    assert.deepEqual([...tenant.tokensSeenBy("graph")], [hashToken(token)]);
    assert.equal(tenant.tokensSeenBy("vault").size, 0);
  });
});
