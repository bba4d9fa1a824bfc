import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readPage } from "../../src/graph/page.ts";
import { TRAIT } from "../../src/rows/user-traits.ts";

const ALL = ["accountEnabled", "userType", "onPremisesSyncEnabled", "assignedLicenses"];
const LICENCES = '[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":[]}]';

/** The traits of a page's users, whose properties are given as the text of their JSON. */
function traitsOf(
  users: readonly string[],
  properties: readonly string[] = ["id", ...ALL],
): readonly string[] {
  const value = users.map((json, at) => {
    const id = `87d349ed-44d7-43e1-9a83-${String(at).padStart(12, "0")}`;
    return `{"id":"${id}"${json === "" ? "" : `,${json}`}}`;
  });
  const { rows } = readPage(Buffer.from(`{"value":[${value.join(",")}]}`), properties);
  const names = Object.entries(TRAIT);
  return value.map((_, at) => names.flatMap(([name, bit]) => (rows.traits(at) & bit ? name : [])).join(" "));
}

describe("a user's traits", () => {
  it("are what the values say", () => {
    const users: Readonly<Record<string, string>> = {
      '"accountEnabled":true': "enabled",
      '"accountEnabled":false': "disabled",
      '"userType":"Member"': "member",
      '"userType":"Guest"': "guest",
      '"onPremisesSyncEnabled":true': "synchronised",
      [`"assignedLicenses":${LICENCES}`]: "licensed",
      [`"assignedLicenses":${LICENCES},"onPremisesSyncEnabled":true,"userType":"Guest","accountEnabled":false`]:
        "disabled guest synchronised licensed",
    };
    assert.deepEqual(traitsOf(Object.keys(users)), Object.values(users));
  });

  it("are none where Graph said nothing, or something else", () => {
    const users = [
      "",
      '"accountEnabled":null,"userType":null,"onPremisesSyncEnabled":null,"assignedLicenses":null',
      '"accountEnabled":"true","userType":true,"onPremisesSyncEnabled":"true","assignedLicenses":"x"',
      '"accountEnabled":1,"userType":"Members","onPremisesSyncEnabled":false,"assignedLicenses":[]',
      '"accountEnabled":{},"userType":"guest","onPremisesSyncEnabled":0,"assignedLicenses":{"a":1}',
      '"accountEnabled":[true],"userType":["Guest"]',
      '"userType":""',
    ];
    assert.deepEqual(
      traitsOf(users),
      users.map(() => ""),
    );
  });

  it("are those of the values, however these are written", () => {
    const users: Readonly<Record<string, string>> = {
      '"userType":"\\u0047uest"': "guest",
      '"userType":"\\u004d\\u0065\\u006D\\u0062\\u0065\\u0072"': "member",
      '"userType":"Guest\\n"': "",
      '"userType": "Guest" , "accountEnabled" : false': "disabled guest",
      '"assignedLicenses":[ ]': "",
      '"assignedLicenses":[\n\t]': "",
      [`"assignedLicenses":[ ${LICENCES.slice(1)}`]: "licensed",
    };
    assert.deepEqual(traitsOf(Object.keys(users)), Object.values(users));
  });

  it("are read at the last of repeated keys, and of each user anew", () => {
    assert.deepEqual(
      traitsOf(['"userType":"Guest","userType":"Member","accountEnabled":true', '"accountEnabled":null', ""]),
      ["enabled member", "", ""],
    );
  });

  it("are read of selected properties only, wherever these stand", () => {
    const user = [`"accountEnabled":true,"userType":"Guest","assignedLicenses":${LICENCES}`];
    assert.deepEqual(traitsOf(user, ["id"]), [""]);
    assert.deepEqual(traitsOf(user, ["userType", "displayName", "id"]), ["guest"]);
  });
});
