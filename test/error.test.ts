import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { asRollcallError, describeAnswer, ERROR_CODES, RollcallError } from "../src/error.ts";

const failure = {
  doing: "reading page 7 of the users",
  problem: "Graph refused the request",
  remedy: "Run `rollcall doctor`. It tries each request.",
};

const answer = {
  status: 403,
  code: "Authorization_RequestDenied",
  requestId: "r-1",
};

describe("RollcallError", () => {
  it("says what was being done, what went wrong and what to do", () => {
    const error = new RollcallError("graph-request-refused", failure);
    assert.equal(
      error.message,
      "reading page 7 of the users: Graph refused the request. Run `rollcall doctor`. It tries each request.",
    );
    assert.equal(error.name, "RollcallError");
    assert.ok(error instanceof Error);
  });

  it("says what Azure answered between the problem and the remedy", () => {
    const error = new RollcallError("graph-request-refused", { ...failure, answer });
    assert.equal(
      error.message,
      "reading page 7 of the users: Graph refused the request. " +
        "Azure answered 403 Authorization_RequestDenied (request id r-1). " +
        "Run `rollcall doctor`. It tries each request.",
    );
  });

  it("says nothing of an answer that says nothing", () => {
    const error = new RollcallError("graph-request-refused", { ...failure, answer: {} });
    assert.equal(error.message, new RollcallError("graph-request-refused", failure).message);
  });

  it("logs its code and its parts, and neither stack nor anything put on it later", () => {
    const error = new RollcallError("graph-request-refused", { ...failure, answer });
    Object.assign(error, { request: { authorization: "Bearer x" } });
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      code: "graph-request-refused",
      ...failure,
      azure: answer,
    });
  });

  it("logs no answer where there was none", () => {
    assert.deepEqual(Object.keys(new RollcallError("lock-held", failure).toJSON()), [
      "code",
      "doing",
      "problem",
      "remedy",
    ]);
  });
});

describe("ERROR_CODES", () => {
  it("are different words in lower case, joined by hyphens", () => {
    assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
    for (const code of ERROR_CODES) assert.match(code, /^[a-z]+(-[a-z]+)*$/);
  });
});

describe("describeAnswer", () => {
  it("gives the parts that there are", () => {
    assert.equal(describeAnswer({ status: 503 }), "503");
    assert.equal(describeAnswer({ status: 404, code: "BlobNotFound" }), "404 BlobNotFound");
    assert.equal(describeAnswer({ requestId: "r-1" }), "an error (request id r-1)");
    assert.equal(describeAnswer({ status: 400, code: "", requestId: "" }), "400");
    assert.equal(describeAnswer({}), "");
  });
});

describe("asRollcallError", () => {
  it("returns a RollcallError as it is", () => {
    const error = new RollcallError("lock-held", failure);
    assert.equal(asRollcallError(error), error);
  });

  it("tells of any other error its name, its code and where in our code it was thrown, and nothing else", () => {
    const thrown = new TypeError("Bearer eyJhbGci.e30.x\n    at src/secret.ts:1:2");
    Object.assign(thrown, { code: "ERR_INVALID_URL", cause: new Error("Bearer eyJhbGci.e30.x") });
    thrown.stack = `TypeError: ${thrown.message}
    at run (file:///home/app/node_modules/sdk/src/client.js:9:9)
    at ask (file:///home/app/src/graph/page.ts:66:7)`;
    const error = asRollcallError(thrown);
    assert.equal(error.code, "unexpected");
    assert.equal(error.problem, "TypeError ERR_INVALID_URL at src/graph/page.ts:66");
    assert.match(error.remedy, /Nothing was published/);
    const all = inspect(error, { depth: 9, showHidden: true });
    assert.ok(!all.includes("eyJ") && !all.includes("src/secret.ts"), all);
  });

  it("takes what is no error for unexpected, without printing it", () => {
    for (const thrown of ["Zz8Q~secret", { secret: "Zz8Q~secret" }, undefined, null]) {
      const error = asRollcallError(thrown);
      assert.equal(error.code, "unexpected");
      assert.ok(!error.message.includes("Zz8Q"));
    }
  });
});
