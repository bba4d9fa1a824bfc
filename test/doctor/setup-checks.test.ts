import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MINUTE } from "../../src/clock.ts";
import { checkIdentity } from "../../src/doctor/setup-checks.ts";
import { readSettings } from "../../src/settings/settings.ts";
import { RIGHT } from "../settings/right-settings.ts";
import { unsignedToken } from "../support/forged-identity.ts";

/** What the check says of whoever this token was issued to. */
async function said(claims: object): Promise<string> {
  const expiresOnTimestamp = Date.now() + MINUTE;
  const identity = { getToken: async () => ({ token: unsignedToken(claims), expiresOnTimestamp }) };
  const { detail } = await checkIdentity(readSettings(RIGHT), identity, AbortSignal.timeout(MINUTE));
  return detail;
}

describe("the identity that is checked", () => {
  it("is said to be a user's, whose roles are not those of the Function", async () => {
    assert.equal(
      await said({ upn: "ann@contoso.com", scp: "user_impersonation" }),
      "user ann@contoso.com; that user's roles are checked here, and a run in Azure tests the Function's",
    );
  });

  it("is said to be an app's by its client id alone", async () => {
    const appid = "6731de76-14a6-49ae-97bc-6eba6914391e";
    assert.equal(await said({ appid }), `application ${appid}`);
  });
});
