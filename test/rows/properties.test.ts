import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  DEFAULT_PROPERTIES,
  pageSize,
  requiredAppRoles,
  UNLISTABLE_PROPERTIES,
} from "../../src/rows/properties.ts";

describe("DEFAULT_PROPERTIES", () => {
  it("begins with id and repeats nothing", () => {
    assert.equal(DEFAULT_PROPERTIES[0], "id");
    assert.equal(new Set(DEFAULT_PROPERTIES).size, DEFAULT_PROPERTIES.length);
  });

  it("can be listed with User.Read.All alone, on the largest pages", () => {
    assert.deepEqual(requiredAppRoles(DEFAULT_PROPERTIES), ["User.Read.All"]);
    assert.equal(pageSize(DEFAULT_PROPERTIES), 999);
    assert.deepEqual(
      DEFAULT_PROPERTIES.filter((property) => UNLISTABLE_PROPERTIES.has(property)),
      [],
    );
  });
});

describe("requiredAppRoles", () => {
  it("adds a role for each property that needs one, behind User.Read.All", () => {
    assert.deepEqual(
      requiredAppRoles(["id", "customSecurityAttributes", "mail", "signInActivity", "employeeLeaveDateTime"]),
      [
        "User.Read.All",
        "CustomSecAttributeAssignment.Read.All",
        "AuditLog.Read.All",
        "User-LifeCycleInfo.Read.All",
      ],
    );
  });
});

describe("pageSize", () => {
  it("is what Graph allows", () => {
    assert.equal(pageSize(["id"]), 999);
    assert.equal(pageSize(["id", "signInActivity"]), 500);
  });
});
