import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { answer, safeCode, safeOrigin, safeRequestId } from "../src/answer.ts";

/** The same on every run, and different for each number. */
function noise(seed: number): Buffer {
  return createHmac("sha512", "rollcall").update(String(seed)).digest();
}

describe("safeCode", () => {
  it("takes the codes that Microsoft's services send", () => {
    for (const code of [
      "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
      "Authorization_RequestDenied",
      "AuthorizationPermissionMismatch",
      "ContainerNotFound",
      "DirectoryPageTokenNotFoundException",
      "Directory_ExpiredPageToken",
      "EAI_AGAIN",
      "ENOTFOUND",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "ForbiddenByFirewall",
      "InvalidAuthenticationToken",
      "LeaseIdMissing",
      "Request_UnsupportedQuery",
      "SecretDisabled",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UND_ERR_BODY_TIMEOUT",
      "invalid_client",
      "unsupported_grant_type",
    ]) {
      assert.equal(safeCode(code), code);
    }
  });

  it("takes no words, markup, headers or values that are no text", () => {
    const others = [
      "",
      "no such thing",
      "<h1>",
      "Bearer x",
      "a=b",
      "x-y-z",
      "a\nb",
      "_a",
      "a".repeat(65),
      5,
      null,
      {},
    ];
    for (const code of others) assert.equal(safeCode(code), undefined, String(code));
  });

  it("takes no piece of a token, key or secret", () => {
    const jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6InJ0c0ZUIn0";
    for (let length = 4; length <= jwt.length; length++) {
      assert.equal(safeCode(jwt.slice(0, length)), undefined, jwt.slice(0, length));
    }
    for (let seed = 0; seed < 500; seed++) {
      const bytes = noise(seed);
      for (const text of [bytes.toString("base64url"), bytes.toString("base64"), bytes.toString("hex")]) {
        for (const length of [32, 40, 64]) assert.equal(safeCode(text.slice(0, length)), undefined, text);
      }
    }
  });
});

describe("safeRequestId", () => {
  it("takes a GUID and nothing else", () => {
    const id = randomUUID();
    assert.equal(safeRequestId(id), id);
    for (const other of [`${id} `, `x${id}`, `Bearer ${id}`, "r-1", "", undefined, 5]) {
      assert.equal(safeRequestId(other), undefined, String(other));
    }
  });
});

describe("safeOrigin", () => {
  it("shows a host, and no name that is not like one", () => {
    assert.equal(safeOrigin("https://evil.example.com:8443/x?y"), "https://evil.example.com:8443");
    assert.equal(safeOrigin("https://[::1]:8443/"), "https://[::1]:8443");
    for (const label of ["x".repeat(41), "abc8q~secret", "a.".repeat(60)]) {
      assert.doesNotMatch(safeOrigin(`https://${label}.example`), /x{9}|secret|a\.a/);
    }
  });
});

describe("answer", () => {
  it("takes a status that is a number only", () => {
    assert.equal(answer({ status: 418 }).status, 418);
    for (const status of ["418", 7, 1000, 4.5, Number.NaN, null]) {
      assert.equal(answer({ status }).status, undefined, String(status));
    }
  });
});
