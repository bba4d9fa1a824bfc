import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isExpiredPageToken, readGraphErrorCode } from "../../src/graph/graph-error.ts";

function read(body: unknown) {
  return readGraphErrorCode(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

describe("readGraphErrorCode", () => {
  it("gives the code of an error document and nothing else", () => {
    const error = { code: "Request_BadRequest", message: "Invalid.", innerError: { date: "2026-11-22" } };
    assert.equal(read({ error }), "Request_BadRequest");
    assert.equal(read({ error: { code: "UnknownError" } }), "UnknownError");
  });

  it("gives no code that is none", () => {
    for (const code of [5, null, "", "Bearer abc", "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9"]) {
      assert.equal(read({ error: { code, message: "no" } }), undefined, String(code));
    }
  });

  it("gives nothing for anything else", () => {
    for (const body of [
      "",
      "<html>502</html>",
      "null",
      "[]",
      '"error"',
      { error: "invalid_client" },
      { value: [] },
    ]) {
      assert.equal(read(body), undefined, JSON.stringify(body));
    }
  });
});

describe("isExpiredPageToken", () => {
  it("knows both of Graph's codes", () => {
    assert.equal(isExpiredPageToken("Directory_ExpiredPageToken"), true);
    assert.equal(isExpiredPageToken("DirectoryPageTokenNotFoundException"), true);
  });

  it("knows no other", () => {
    for (const code of [undefined, "", "Request_BadRequest", "directory_expiredpagetoken"]) {
      assert.equal(isExpiredPageToken(code), false);
    }
  });
});
