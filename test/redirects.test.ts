import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { after, before, describe, it } from "node:test";
import type { FaultRule } from "../src/sandbox/service/fault.ts";
import type { Storage } from "../src/sandbox/storage.ts";
import { type LocalServer, startLocalServer } from "./support/local-server.ts";
import { type Rig, startRig } from "./support/rig.ts";
import { startSharedStorage } from "./support/shared-storage.ts";

let storage: Storage;
let rig: Rig;
let elsewhere: LocalServer;
const strayed: string[] = [];

before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 2100 });
  elsewhere = await startLocalServer(({ method, url }: IncomingMessage, response) => {
    strayed.push(`${method} ${url}`);
    response.end("{}");
  });
});
after(async () => {
  await elsewhere[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

type Place = Pick<FaultRule, "service" | "match">;

const PLACES: Readonly<Record<string, Place>> = {
  "the first page": { service: "graph", match: ({ page }) => page === 1 },
  "a later page": { service: "graph", match: ({ page }) => page === 3 },
  "the count": { service: "graph", match: ({ path }) => path.endsWith("$count") },
  "Entra's metadata": { service: "entra", match: ({ method }) => method === "GET" },
  "the token endpoint": { service: "entra", match: ({ method }) => method === "POST" },
};

/** Runs against a redirect at the place; asserts that it was not followed and that the run says so. */
async function refuses(
  place: Place,
  status: number,
  location: string | undefined,
  words: RegExp,
  overrides: Readonly<Record<string, string>> = {},
): Promise<void> {
  const asked = rig.tenant.requests.length;
  const fault = { kind: "redirect", status, ...(location !== undefined && { location }) } as const;
  using _rule = rig.tenant.script({ ...place, fault, times: Number.POSITIVE_INFINITY });
  const error = await rig.fails("redirect-refused", { settings: overrides });
  assert.match(error.problem, words);
  assert.equal(error.answer?.status, status);
  assert.ok(!error.message.includes("stray"), error.message);
  assert.deepEqual(strayed, []);
  const since = rig.tenant.requests.slice(asked);
  assert.deepEqual(
    since.filter(({ path }) => path.includes("stray")),
    [],
  );
  // Once: what redirects means to.
  assert.equal(since.filter((request) => request.status === status).length, 1);
}

describe("a redirect is not followed", () => {
  for (const [name, place] of Object.entries(PLACES)) {
    for (const status of [301, 302, 307, 308]) {
      it(`from ${name} (${status}) to another host`, async () => {
        await refuses(
          place,
          status,
          `${elsewhere.url}/stray?secret=1`,
          /redirects to another host; nothing was sent/,
        );
      });

      it(`from ${name} (${status}) to the same host`, async () => {
        await refuses(place, status, "/stray", /redirects to another address of its own/);
      });
    }
  }

  it("from the page of a slice", async () => {
    const place: Place = { service: "graph", match: ({ page, query }) => page === 1 && query.has("$filter") };
    await refuses(place, 302, `${elsewhere.url}/stray`, /to another host/, { ROLLCALL_LISTING: "sliced" });
  });

  it("from the look-up of a tenant by its domain", async () => {
    const place = PLACES["Entra's metadata"];
    assert.ok(place);
    await refuses(place, 302, `${elsewhere.url}/stray`, /to another host/, {
      ROLLCALL_TENANT_ID: rig.tenant.domain,
    });
  });

  for (const location of [undefined, "http://[", ""]) {
    it(`with ${location === undefined ? "no Location" : `Location "${location}"`}`, async () => {
      await refuses(
        { service: "graph" },
        302,
        location,
        /redirects without saying where|another address of its own/,
      );
    });
  }
});

describe("an error without a body", () => {
  it("from the vault is asked again when it may pass", async () => {
    const fault = { kind: "error", status: 502, body: "" } as const;
    rig.tenant.script({
      service: "vault",
      match: ({ headers }) => headers.authorization !== undefined,
      fault,
    });
    const { completeness } = await rig.run();
    assert.equal(completeness.unique, rig.tenant.directory.size);
  });
});
