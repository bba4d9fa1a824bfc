import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asRollcallError, describeAnswer, ERROR_CODES, RollcallError } from "../src/error.ts";

const failure = {
  doing: "reading page 7 of the users",
  problem: "Graph refused the request",
  remedy: "Run `rollcall doctor`. It tries each request.",
};

const answer = {
  status: 403,
  code: "Authorization_RequestDenied",
  message: "Insufficient privileges.",
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
        'Azure answered 403 Authorization_RequestDenied "Insufficient privileges." (request id r-1). ' +
        "Run `rollcall doctor`. It tries each request.",
    );
  });

  it("says nothing of an answer that says nothing", () => {
    const error = new RollcallError("graph-request-refused", { ...failure, answer: {} });
    assert.equal(error.message, new RollcallError("graph-request-refused", failure).message);
  });

  it("keeps the cause, and has none where none was given", () => {
    const cause = new Error("ECONNRESET");
    assert.equal(new RollcallError("unexpected", { ...failure, cause }).cause, cause);
    assert.equal("cause" in new RollcallError("unexpected", failure), false);
  });

  it("logs its code and its parts, and neither stack, cause nor anything put on it later", () => {
    const error = new RollcallError("graph-request-refused", {
      ...failure,
      answer,
      cause: new Error("private"),
    });
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
    assert.equal(describeAnswer({ message: "no" }), '"no"');
    assert.equal(describeAnswer({ requestId: "r-1" }), "an error (request id r-1)");
    assert.equal(describeAnswer({ status: 400, code: "", message: "", requestId: "" }), "400");
    assert.equal(describeAnswer({}), "");
  });

  it("puts the message on one line", () => {
    assert.equal(describeAnswer({ message: " one\r\n\ttwo  three\n" }), '"one two three"');
  });

  it("cuts a message at 300 characters", () => {
    assert.equal(describeAnswer({ message: "x".repeat(300) }), `"${"x".repeat(300)}"`);
    assert.equal(describeAnswer({ message: "x".repeat(301) }), `"${"x".repeat(299)}…"`);
  });
});

describe("asRollcallError", () => {
  it("returns a RollcallError as it is", () => {
    const error = new RollcallError("lock-held", failure);
    assert.equal(asRollcallError(error), error);
  });

  it("takes any other error for unexpected, and keeps it as the cause", () => {
    const cause = new TypeError("x is not a function");
    const error = asRollcallError(cause);
    assert.equal(error.code, "unexpected");
    assert.equal(error.problem, "TypeError: x is not a function");
    assert.equal(error.cause, cause);
    assert.match(error.remedy, /Nothing was published/);
  });

  it("takes what is no error for unexpected, without printing it", () => {
    for (const thrown of ["Zz8Q~secret", { secret: "Zz8Q~secret" }, undefined, null]) {
      const error = asRollcallError(thrown);
      assert.equal(error.code, "unexpected");
      assert.ok(!error.message.includes("Zz8Q"));
    }
  });
});
