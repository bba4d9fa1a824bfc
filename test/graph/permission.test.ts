import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { permissionError } from "../../src/graph/graph-error.ts";
import { adminConsentUrl } from "../../src/identity/consent-url.ts";

const TENANT_ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const CLIENT_ID = "6731de76-14a6-49ae-97bc-6eba6914391e";

const consentUrl = adminConsentUrl("https://login.microsoftonline.com", TENANT_ID, CLIENT_ID);
const query = { properties: ["id", "signInActivity"], grantee: { kind: "app", consentUrl } as const };
const denied = { status: 403, code: "Authorization_RequestDenied", requestId: "r-1" };

describe("adminConsentUrl", () => {
  it("leads to the tenant's consent page for the app", () => {
    assert.equal(
      consentUrl,
      `https://login.microsoftonline.com/${TENANT_ID}/adminconsent?client_id=${CLIENT_ID}`,
    );
  });
});

describe("permissionError", () => {
  it("names the permissions and where to consent", () => {
    const error = permissionError(denied, query, "counting the users");
    assert.equal(error?.code, "graph-permission-missing");
    assert.equal(error?.doing, "counting the users");
    assert.equal(error?.answer, denied);
    assert.match(error?.problem ?? "", /needs User\.Read\.All and AuditLog\.Read\.All$/);
    assert.ok(error?.message.includes(` ${consentUrl} `));
  });

  it("names User.Read.All alone where nothing else is needed", () => {
    const error = permissionError(denied, { ...query, properties: ["id"] }, "counting the users");
    assert.match(error?.remedy ?? "", /^Add User\.Read\.All \(application, not delegated\)/);
  });

  it("tells how a role is granted to a managed identity, and how long that takes", () => {
    const objectId = "0b4e9f5c-2222-4333-8444-555566667777";
    const grantee = { kind: "identity", objectId } as const;
    const error = permissionError(denied, { ...query, grantee }, "counting the users");
    assert.match(
      error?.remedy ?? "",
      /grant User\.Read\.All and AuditLog\.Read\.All to the managed identity/,
    );
    assert.ok(error?.remedy.includes(`--credential managed-identity --identity ${objectId}`));
    assert.match(error?.remedy ?? "", /up to 24 hours/);
    assert.doesNotMatch(error?.message ?? "", /adminconsent|app registration/);
  });

  it("tells a missing licence from a missing permission", () => {
    const code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";
    const error = permissionError({ status: 403, code }, query, "counting the users");
    assert.equal(error?.code, "graph-licence-missing");
    assert.match(error?.remedy ?? "", /signInActivity/);
  });

  it("leaves every other answer to others", () => {
    for (const status of [undefined, 200, 400, 401, 404, 429, 500]) {
      assert.equal(permissionError({ ...denied, status }, query, "counting the users"), undefined);
    }
  });
});
