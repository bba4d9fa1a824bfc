import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  holderInWords,
  isSystemAssigned,
  isUsersToken,
  readClaims,
} from "../../src/identity/token-claims.ts";
import { unsignedToken } from "../support/forged-identity.ts";

const ID = "6731de76-14a6-49ae-97bc-6eba6914391e";
const IDENTITIES =
  "/subscriptions/1/resourcegroups/rollcall/providers/Microsoft.ManagedIdentity/userAssignedIdentities";

describe("isUsersToken", () => {
  it("knows a user's token by any one of its claims, also one that is malformed elsewhere", () => {
    for (const claims of [
      { scp: "User.Read.All" },
      { scp: "" },
      { upn: `${"a".repeat(80)}_contoso.com#EXT#@fabrikam.onmicrosoft.com`, appid: ID },
      { idtyp: "user", appid: "azure-cli" },
    ]) {
      assert.equal(isUsersToken(unsignedToken(claims)), true, JSON.stringify(claims));
    }
  });

  it("takes anything else for an app's", () => {
    const app = { appid: ID, idtyp: "app", roles: ["User.Read.All"], oid: ID };
    for (const token of [unsignedToken(app), unsignedToken({}), "opaque", "a.b.c", ""]) {
      assert.equal(isUsersToken(token), false, token);
    }
  });
});

describe("readClaims", () => {
  it("shows of an issuer and an object id only what looks like one", () => {
    const iss = `https://login.microsoftonline.com/${ID}/v2.0`;
    assert.equal(readClaims(unsignedToken({ iss, oid: ID }))?.iss, iss);
    for (const wrong of ["https://evil.example/", `${iss}/`, `http${iss.slice(5)}`, `${iss}\n`]) {
      assert.equal(readClaims(unsignedToken({ iss: wrong }))?.iss, undefined, wrong);
    }
    assert.equal(readClaims(unsignedToken({ oid: "Zz8Q~zzSecret" }))?.oid, undefined);
  });
});

describe("the holder of a token", () => {
  it("is named by kind and client id, in both versions of tokens", () => {
    const assigned = (xms_mirid: string) => readClaims(unsignedToken({ azp: ID, xms_mirid }));
    const user = assigned(`${IDENTITIES}/rollcall-id`);
    const system = assigned(
      "/subscriptions/1/resourcegroups/rollcall/providers/Microsoft.Web/sites/rollcall",
    );
    assert.equal(holderInWords(user), `user-assigned managed identity, client id ${ID}`);
    assert.equal(holderInWords(system), `system-assigned managed identity, client id ${ID}`);
    assert.deepEqual([user, system, undefined].map(isSystemAssigned), [false, true, false]);
    assert.equal(holderInWords(readClaims(unsignedToken({ appid: ID }))), `application ${ID}`);
  });
});
