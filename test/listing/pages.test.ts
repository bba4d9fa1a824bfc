import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/clock.ts";
import { Graph } from "../../src/graph/graph.ts";
import { userQuery } from "../../src/graph/user-query.ts";
import { userPages } from "../../src/listing/pages.ts";
import { slicesFrom } from "../../src/listing/slice.ts";
import { slicedPages } from "../../src/listing/sliced-pages.ts";
import { sandboxTls, trustSandbox } from "../../src/sandbox/service/tls.ts";
import { startTenant, type Tenant } from "../../src/sandbox/tenant.ts";

/** Long enough for a request that is going to be made to arrive; a slow machine can only make the test too kind. */
const SETTLED_MS = 200;

const tls = await sandboxTls();
trustSandbox(tls);

/** A client with a token of this tenant, and how many pages and counts of users were asked for so far. */
async function openGraph(tenant: Tenant, concurrency: number) {
  const answer = await fetch(`${tenant.entra.origin}/${tenant.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      client_id: tenant.clientId,
      client_secret: tenant.app.addSecret({}).value,
      scope: `${tenant.graph.origin}/.default`,
      grant_type: "client_credentials",
    }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  const graph = new Graph({
    clock: systemClock,
    signal: AbortSignal.timeout(30_000),
    deadlineMs: systemClock.elapsed() + 30_000,
    graphUrl: tenant.graph.origin,
    concurrency,
    tokens: { get: async () => token, renew: async () => token, drop: () => undefined },
  });
  const asked = () => tenant.requests.filter(({ path }) => path.startsWith("/v1.0/users")).length;
  return {
    graph,
    asked,
    query: userQuery(graph.root, ["id", "displayName"], { kind: "app", consentUrl: "" }),
  };
}

describe("userPages", () => {
  it("asks for the next page while one is at work on the last, and never further ahead", async () => {
    await using tenant = await startTenant({ users: 6000, tls });
    const { graph: opened, asked, query } = await openGraph(tenant, 1);
    await using graph = opened;
    const pages = userPages(graph, query);
    for (const expected of [2, 3, 4]) {
      await pages.next();
      await delay(SETTLED_MS);
      assert.equal(asked(), expected);
    }
    await pages.return();
    await delay(SETTLED_MS);
    assert.equal(asked(), 4);
  });
});

describe("slicedPages", () => {
  it("asks for no more pages than the limit allows while nobody takes one", async () => {
    await using tenant = await startTenant({ users: 3000, tls });
    const { graph: opened, asked, query } = await openGraph(tenant, 2);
    await using graph = opened;
    const starts = Array.from({ length: 11 }, (_, year) => Date.UTC(2014 + year) / 1000);
    const slices = slicesFrom({ starts, users: Array.from({ length: 12 }, () => 0) });
    const pages = slicedPages(graph, query, slices, { onSlice: () => undefined, onRelist: () => undefined });
    await pages.next();
    await delay(SETTLED_MS);
    assert.equal(asked(), 2);
    await pages.next();
    await delay(SETTLED_MS);
    assert.equal(asked(), 3);
    await pages.return();
  });
});
