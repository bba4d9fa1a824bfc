import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isExpiredPageToken, readGraphError } from "../../src/graph/graph-error.ts";

function read(body: unknown) {
  return readGraphError(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

describe("readGraphError", () => {
  it("gives code and message of an error document and nothing else", () => {
    const error = { code: "Request_BadRequest", message: "Invalid.", innerError: { date: "2026-11-22" } };
    assert.deepEqual(read({ error }), { code: "Request_BadRequest", message: "Invalid." });
  });

  it("gives empty text for a part that is missing or no text", () => {
    assert.deepEqual(read({ error: { code: "UnknownError" } }), { code: "UnknownError", message: "" });
    assert.deepEqual(read({ error: { code: 5, message: null } }), { code: "", message: "" });
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
      assert.deepEqual(read(body), {}, JSON.stringify(body));
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
