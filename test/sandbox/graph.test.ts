import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appToken, get, identityToken, openTenant, usersUrl, walk } from "./caller.ts";

const eventual = { ConsistencyLevel: "eventual" };

describe("Graph's doors", () => {
  it("lets nobody in without a live token for Graph that may list users", async () => {
    await using tenant = await openTenant();
    const url = usersUrl(tenant);
    await using other = await openTenant();
    const good = await appToken(tenant);
    const [head, , signature] = good.split(".");
    const forged = Buffer.from(JSON.stringify({ aud: "https://graph.microsoft.com", exp: 9e9 })).toString(
      "base64url",
    );
    tenant.tokenLifetimeSeconds = -10;
    const expired = await appToken(tenant);
    const cases: [string | undefined, RegExp][] = [
      [undefined, /empty/],
      ["nonsense", /validation failure/],
      [`${head}.${forged}.${signature}`, /validation failure/],
      [await appToken(other), /validation failure/],
      [expired, /Lifetime validation failed/],
      [await identityToken(tenant, "https://vault.azure.net"), /Invalid audience/],
    ];
    for (const [token, message] of cases) {
      const answer = await get(url, token);
      assert.deepEqual([answer.status, answer.json.error.code], [401, "InvalidAuthenticationToken"]);
      assert.match(answer.json.error.message, message);
    }
    assert.equal((await get(url, good)).status, 200);
  });

  it("goes by the roles in the token: one minted before consent stays powerless", async () => {
    await using tenant = await openTenant();
    tenant.app.roles.clear();
    const early = await appToken(tenant);
    tenant.app.roles.add("Directory.Read.All");
    const denied = await get(usersUrl(tenant), early);
    assert.deepEqual([denied.status, denied.json.error.code], [403, "Authorization_RequestDenied"]);
    assert.equal((await get(usersUrl(tenant), await appToken(tenant))).status, 200);
  });

  it("keeps properties with a permission of their own to it", async () => {
    await using tenant = await openTenant();
    await using poor = await openTenant({ premium: false });
    const codeOf = async (property: string, of = tenant) => {
      const answer = await get(usersUrl(of, { select: `id,${property}` }), await appToken(of));
      return answer.json.error?.code ?? answer.status;
    };
    assert.equal(await codeOf("signInActivity"), "Authentication_MSGraphPermissionMissing");
    assert.equal(await codeOf("employeeLeaveDateTime"), "Authorization_RequestDenied");
    assert.equal(await codeOf("customSecurityAttributes"), "Authorization_RequestDenied");
    for (const role of ["AuditLog.Read.All", "User-LifeCycleInfo.Read.All"]) tenant.app.roles.add(role);
    assert.equal(await codeOf("signInActivity"), 200);
    assert.equal(await codeOf("employeeLeaveDateTime"), 200);
    poor.app.roles.add("AuditLog.Read.All");
    assert.equal(
      await codeOf("signInActivity", poor),
      "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    );
  });
});

describe("Graph's user list", () => {
  it("refuses what the service refuses", async () => {
    await using tenant = await openTenant();
    tenant.app.roles.add("AuditLog.Read.All");
    const token = await appToken(tenant);
    const cases: [Record<string, string>, number, string, RegExp][] = [
      [
        { top: "1000" },
        400,
        "Request_UnsupportedQuery",
        /^Invalid page size specified: '1000'. Must be between 1 and 999/,
      ],
      [{ top: "0" }, 400, "Request_UnsupportedQuery", /Invalid page size/],
      [{ top: "501", select: "id,signInActivity" }, 400, "Request_UnsupportedQuery", /between 1 and 500/],
      [{ top: "many" }, 400, "BadRequest", /\$top/],
      [
        { select: "id,nickname" },
        400,
        "Request_BadRequest",
        /^Could not find a property named 'nickname' on type 'microsoft.graph.user'/,
      ],
      [{ select: "id,birthday" }, 501, "NotImplemented", /not yet supported/],
      [{ skip: "100" }, 400, "Request_UnsupportedQuery", /\$skip/],
      [{ orderby: "createdDateTime" }, 400, "Request_UnsupportedQuery", /\$orderby/],
      [{ invented: "1" }, 400, "BadRequest", /Unrecognized/],
      [
        { filter: "createdDateTime lt 2020-01-01T00:00:00Z" },
        400,
        "Request_UnsupportedQuery",
        /property 'createdDateTime'/,
      ],
      [
        { filter: "createdDateTime gt 2020-01-01T00:00:00Z" },
        400,
        "Request_UnsupportedQuery",
        /property 'createdDateTime'/,
      ],
      [{ filter: "createdDateTime eq null" }, 400, "Request_UnsupportedQuery", /property 'createdDateTime'/],
      [
        { filter: "userPrincipalName ge 'a'" },
        400,
        "Request_UnsupportedQuery",
        /property 'userPrincipalName'/,
      ],
      [{ filter: "what?" }, 400, "BadRequest", /^Invalid filter clause$/],
      [{ skiptoken: "bm9uc2Vuc2U" }, 400, "Request_BadRequest", /page token/],
    ];
    for (const [options, status, code, message] of cases) {
      const answer = await get(usersUrl(tenant, options), token);
      assert.deepEqual([answer.status, answer.json.error.code], [status, code], JSON.stringify(options));
      assert.match(answer.json.error.message, message);
      assert.match(answer.json.error.innerError.date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    }
    assert.equal((await get(`${tenant.graph.origin}/v1.0/groups`, token)).status, 404);
  });

  it("sends the default properties, or the selected ones in an order that is not the selected one", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    const plain = await get(usersUrl(tenant), token);
    assert.equal(plain.json.value.length, 100);
    assert.equal(plain.json["@odata.context"], `${tenant.graph.origin}/v1.0/$metadata#users`);
    assert.equal(Object.keys(plain.json.value[0]).length, 11);
    const select = ["id", "displayName", "userType", "otherMails"];
    const chosen = await get(usersUrl(tenant, { select: select.join(",") }), token);
    assert.equal(
      chosen.json["@odata.context"],
      `${tenant.graph.origin}/v1.0/$metadata#users(${select.join(",")})`,
    );
    const names = Object.keys(chosen.json.value[0]);
    assert.deepEqual(names.toSorted(), select.toSorted());
    assert.notDeepEqual(names, select);
  });

  it("leaves signInActivity out for people who never signed in", async () => {
    await using tenant = await openTenant();
    tenant.app.roles.add("AuditLog.Read.All");
    const page = await get(
      usersUrl(tenant, { top: "500", select: "id,signInActivity" }),
      await appToken(tenant),
    );
    const without = page.json.value.filter((user: object) => !("signInActivity" in user));
    assert.ok(without.length > 0 && without.length < 300);
    assert.ok(page.text.includes('"lastNonInteractiveSignInDateTime":"0001-01-01T00:00:00Z"'));
    assert.ok(!page.text.includes('"signInActivity":null'));
  });

  it("has the headers of the service, compresses when asked to, and echoes the caller's request id", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    const plain = await get(usersUrl(tenant, { select: "id" }), token, { "client-request-id": "mine" });
    assert.equal(plain.headers["client-request-id"], "mine");
    assert.equal(plain.headers["x-ms-resource-unit"], "1");
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.equal(plain.headers["transfer-encoding"], "chunked");
    assert.match(String(plain.headers["x-ms-ags-diagnostic"]), /"DataCenter"/);
    const packed = await get(usersUrl(tenant), token, { "accept-encoding": "gzip" });
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.equal(packed.headers["x-ms-resource-unit"], "2");
  });

  it("follows its links only as they are, and in advanced mode only with the header on every page", async () => {
    await using tenant = await openTenant({ nullCreatedShare: 0.5 });
    const token = await appToken(tenant);
    const nulls = usersUrl(tenant, {
      top: "20",
      select: "id",
      filter: "createdDateTime eq null",
      count: "true",
    });
    const first = await get(nulls, token, eventual);
    assert.equal(first.json["@odata.count"], tenant.directory.count({ kind: "createdNull" }));
    const next = first.json["@odata.nextLink"];
    assert.equal((await get(next, token)).json.error.code, "Request_UnsupportedQuery");
    const second = await get(next, token, eventual);
    assert.equal(second.status, 200);
    assert.equal("@odata.count" in second.json, false);
    const tampered = `${next}${next.includes("select") ? "&$top=999" : "&$select=mail"}`;
    assert.equal(
      (await get(tampered, token, eventual)).json.error.code,
      next.includes("select") ? "BadRequest" : "Request_BadRequest",
    );
  });

  it("writes next links in more than one shape", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    const links: string[] = [];
    for await (const page of walk(usersUrl(tenant, { top: "10", select: "id,mail" }), token)) {
      if (page.json["@odata.nextLink"]) links.push(page.json["@odata.nextLink"]);
    }
    const quoted = links.filter((link) => link.includes("$select=id%2cmail&$skiptoken=X%27"));
    assert.ok(quoted.length > 0 && quoted.length < links.length);
    assert.ok(links.every((link) => !link.includes("$skip=")));
    assert.equal(new Set(links).size, links.length);
  });
});

describe("Graph's count", () => {
  it("wants the header, and answers in plain text", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    const url = `${tenant.graph.origin}/v1.0/users/$count`;
    const without = await get(url, token);
    assert.deepEqual(
      [without.status, without.json.error.message],
      [400, "$count is not currently supported."],
    );
    const answer = await get(url, token, eventual);
    assert.deepEqual(
      [answer.status, answer.text, answer.headers["content-type"]],
      [200, "300", "text/plain"],
    );
    const guests = await get(`${url}?$filter=userType%20eq%20'Guest'`, token, eventual);
    assert.equal(Number(guests.text), tenant.directory.count({ kind: "userType", value: "Guest" }));
  });

  it("is left out of a list without the header", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    assert.equal("@odata.count" in (await get(usersUrl(tenant, { count: "true" }), token)).json, false);
    assert.equal((await get(usersUrl(tenant, { count: "true" }), token, eventual)).json["@odata.count"], 300);
  });

  it("does not exist in a B2C tenant", async () => {
    await using tenant = await openTenant({ counts: false });
    const token = await appToken(tenant);
    assert.equal((await get(`${tenant.graph.origin}/v1.0/users/$count`, token, eventual)).status, 400);
    assert.equal((await get(usersUrl(tenant, { count: "true" }), token, eventual)).status, 400);
    assert.equal((await get(usersUrl(tenant), token)).status, 200);
  });
});

describe("Graph's throttle", () => {
  it("warns from 0.8 of the limit and then refuses with a time to wait", async () => {
    await using tenant = await openTenant({ throttle: { resourceUnitsPer10s: 10 } });
    const token = await appToken(tenant);
    const answers = [];
    for (let call = 0; call < 12; call++) answers.push(await get(usersUrl(tenant, { select: "id" }), token));
    const [first] = answers;
    assert.equal(first?.headers["x-ms-throttle-limit-percentage"], undefined);
    assert.ok(
      answers.some(
        ({ status, headers }) => status === 200 && Number(headers["x-ms-throttle-limit-percentage"]) >= 0.8,
      ),
    );
    const refused = answers.find(({ status }) => status === 429);
    assert.equal(refused?.json.error.code, "TooManyRequests");
    assert.ok(Number(refused?.headers["retry-after"]) >= 1);
    assert.equal(refused?.headers["x-ms-throttle-information"], "ResourceUnitLimitExceeded");
    assert.match(String(refused?.headers["x-ms-throttle-scope"]), /^Tenant_Application\/Read\//);
  });

  it("has a smaller limit for sign-in activity", async () => {
    await using tenant = await openTenant({
      throttle: { resourceUnitsPer10s: 8000, signInActivityPerMinute: 2 },
    });
    tenant.app.roles.add("AuditLog.Read.All");
    const token = await appToken(tenant);
    const call = () => get(usersUrl(tenant, { select: "id,signInActivity" }), token);
    assert.deepEqual([(await call()).status, (await call()).status], [200, 200]);
    const refused = await call();
    assert.deepEqual([refused.status, refused.json.error.code], [429, "UnknownError"]);
    assert.equal((await get(usersUrl(tenant, { select: "id" }), token)).status, 200);
  });
});
