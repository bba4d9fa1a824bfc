import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CredentialIdentity } from "../../src/identity/credential.ts";
import { EXPIRY_WARNING_DAYS, expiryWarning } from "../../src/identity/expiry-warning.ts";

const DAY_MS = 86_400_000;
const END_MS = Date.UTC(2026, 11, 31, 12);

const certificate: CredentialIdentity = {
  kind: "certificate",
  name: "graph-cert",
  version: "v1",
  expiresOn: new Date(END_MS),
};

function warningBefore(beforeEndMs: number): string[] {
  return expiryWarning(certificate, END_MS - beforeEndMs);
}

describe("expiryWarning", () => {
  it("is silent while the end is far", () => {
    assert.deepEqual(warningBefore((EXPIRY_WARNING_DAYS + 1) * DAY_MS), []);
    assert.deepEqual(warningBefore(365 * DAY_MS), []);
  });

  it("names the credential, the days left and the end", () => {
    assert.deepEqual(warningBefore(EXPIRY_WARNING_DAYS * DAY_MS), [
      "certificate graph-cert (version v1) expires in 30 days, on 2026-12-31",
    ]);
    assert.deepEqual(warningBefore(7 * DAY_MS), [
      "certificate graph-cert (version v1) expires in 7 days, on 2026-12-31",
    ]);
  });

  it("counts whole days only", () => {
    assert.match(warningBefore(7 * DAY_MS - 1)[0] ?? "", /expires in 6 days/);
    assert.match(warningBefore(DAY_MS)[0] ?? "", /expires in 1 day,/);
    assert.match(warningBefore(1)[0] ?? "", /expires within a day/);
    assert.match(warningBefore((EXPIRY_WARNING_DAYS + 1) * DAY_MS - 1)[0] ?? "", /expires in 30 days/);
  });

  it("is silent about a credential without a known end, and about none", () => {
    assert.deepEqual(expiryWarning({ ...certificate, expiresOn: undefined }, END_MS), []);
    assert.deepEqual(expiryWarning(undefined, END_MS), []);
  });
});
