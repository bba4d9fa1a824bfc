import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { asRollcallError, describeAnswer, ERROR_CODES, RollcallError } from "../src/error.ts";
import { isLoopback } from "../src/settings/settings.ts";

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

  it("takes any other error for unexpected: its name, its code and where, and none of its text", () => {
    let thrown: unknown;
    try {
      // The code's own place is innermost; what Node adds to the error holds the text again.
      isLoopback("Bearer Zz8Q~secret");
    } catch (error) {
      thrown = error;
    }
    const error = asRollcallError(thrown);
    assert.equal(error.code, "unexpected");
    assert.match(error.problem, /^TypeError ERR_INVALID_URL at src\/settings\/hosts\.ts:\d+$/);
    assert.match(error.remedy, /Nothing was published/);
    assert.doesNotMatch(inspect(error, { depth: 9 }), /Zz8Q/);
    assert.equal("cause" in error, false);
  });

  it("takes no place out of a message that is made like a stack", () => {
    const error = asRollcallError(new Error("x\n    at Zz8Q (src/Zz8Q/secret.ts:1:1)"));
    assert.equal(error.problem, "Error");
  });

  it("takes no name or code that looks like anything else", () => {
    const thrown = Object.assign(new Error("x"), { name: "Bearer Zz8Q~secret", code: "Zz8Q~secret" });
    assert.equal(asRollcallError(thrown).problem, "Error");
  });

  it("tells what failed first where cleaning up failed as well", () => {
    const first = new RollcallError("lock-held", failure);
    assert.equal(asRollcallError(new SuppressedError(new Error("closing"), first)), first);
  });

  it("takes what is no error for unexpected, without printing it", () => {
    for (const thrown of ["Zz8Q~secret", { secret: "Zz8Q~secret" }, undefined, null]) {
      const error = asRollcallError(thrown);
      assert.equal(error.code, "unexpected");
      assert.ok(!error.message.includes("Zz8Q"));
    }
  });
});
