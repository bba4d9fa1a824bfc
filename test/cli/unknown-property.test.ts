import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearestNames, unknownProperty } from "../../src/cli/unknown-property.ts";

const NAMES = [
  "id",
  "userPrincipalName",
  "department",
  "jobTitle",
  "accountEnabled",
  "mobilePhone",
  "businessPhones",
  "assignedLicenses",
];

describe("an unknown property", () => {
  it("is taken for one that is abbreviated, misspelled, shortened or in other case", () => {
    for (const [wanted, meant] of [
      ["dept", "department"],
      ["deparment", "department"],
      ["Department", "department"],
      ["upn", "userPrincipalName"],
      ["title", "jobTitle"],
      ["enabled", "accountEnabled"],
      ["licenses", "assignedLicenses"],
    ] as const) {
      assert.equal(nearestNames(wanted, NAMES)[0], meant, wanted);
    }
  });

  it("is taken for several that are as near", () => {
    assert.equal(
      unknownProperty("20261122T020000Z", "phone", NAMES),
      "run 20261122T020000Z has no property phone; did you mean mobilePhone or businessPhones?",
    );
  });

  it("is taken for none where none is like it", () => {
    assert.equal(
      unknownProperty("20261122T020000Z", "xyz", NAMES),
      "run 20261122T020000Z has no property xyz; `rollcall show 20261122T020000Z` names those that it has",
    );
  });
});
