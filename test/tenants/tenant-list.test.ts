import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RollcallError } from "../../src/error.ts";
import { openAzureIdentity } from "../../src/identity/azure-identity.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { openContainer } from "../../src/storage/container.ts";
import { readTenantList } from "../../src/tenants/tenant-list.ts";
import { type Rig, startRig } from "../support/rig.ts";
import { startSharedStorage } from "../support/shared-storage.ts";

const ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

let storage: Storage;
let rig: Rig;
before(async () => {
  storage = await startSharedStorage();
  rig = await startRig(storage, { users: 5 });
  await rig.container.createIfNotExists();
});
after(async () => {
  await rig[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
});

function read(path = "tenants.json") {
  const { connectionString } = storage;
  const place = { kind: "local", connectionString } as const;
  const { signal } = new AbortController();
  const container = openContainer(place, rig.container.containerName, openAzureIdentity(), signal);
  return readTenantList({ kind: "blob", path }, container);
}

async function listOf(entries: unknown) {
  await rig.put("tenants.json", JSON.stringify(entries));
  return await read();
}

async function refusal(body: string | undefined, path = "tenants.json"): Promise<RollcallError> {
  if (body !== undefined) await rig.put(path, body);
  const error = await read(path).then(
    () => assert.fail("was read"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RollcallError);
  assert.equal(error.code, "tenant-list-unusable");
  assert.ok(error.doing.includes(path));
  return error;
}

describe("a list of tenants in a blob", () => {
  it("has ids and domains, names for people, and switches; what else an entry has is ignored", async () => {
    const list = await listOf([
      { tenant: ID.toUpperCase(), name: " Contoso ", contract: 7 },
      { tenant: "fabrikam.com", enabled: true },
      { tenant: "gone.example", name: "Gone", enabled: false },
      { tenant: "litware.com", name: null },
    ]);
    assert.deepEqual(list, {
      tenants: [{ tenant: ID, name: "Contoso" }, { tenant: "fabrikam.com" }, { tenant: "litware.com" }],
      disabled: [{ tenant: "gone.example", name: "Gone" }],
      problems: [],
      repeats: [],
    });
  });

  it("may begin with a byte order mark", async () => {
    await rig.put("tenants.json", `\uFEFF[{"tenant":"${ID}"}]`);
    assert.equal((await read()).tenants.length, 1);
  });

  it("loses only the entries that are wrong, each told in its own words", async () => {
    const list = await listOf([
      { tenant: "contoso" },
      { name: "No tenant" },
      "contoso.com",
      { tenant: "contoso.com", enabled: "yes" },
      { tenant: "fabrikam.com" },
      { tenant: "Fabrikam.COM", name: "Again" },
      { tenant: "long.example", name: "x".repeat(201) },
    ]);
    assert.deepEqual(list.tenants, [{ tenant: "fabrikam.com" }]);
    assert.deepEqual(list.problems, [
      "tenants.json: entry 1 tenant must be a directory id or a verified domain; it was left out.",
      "tenants.json: entry 2 tenant is missing; it was left out.",
      "tenants.json: entry 3 is no object; it was left out.",
      "tenants.json: entry 4 has an enabled that is neither true nor false; it was left out.",
      "tenants.json: entry 7 has a name of more than 200 characters; it was left out.",
    ]);
    assert.deepEqual(list.repeats, ["tenants.json: entry 6 is fabrikam.com once more; it was left out."]);
  });

  it("that gives no tenant is told in its own words", async () => {
    assert.match((await refusal(undefined, "none.json")).problem, /there is no such blob in https/);
    assert.match((await refusal("[{")).problem, /is no JSON$/);
    assert.match((await refusal("")).problem, /is no JSON$/);
    assert.match((await refusal('{"tenant":"contoso.com"}')).problem, /is no JSON array/);
    assert.match((await refusal("[]")).problem, /the list is empty/);
    assert.match((await refusal('[{"tenant":"contoso.com","enabled":false}]')).problem, /all .* disabled/);
    assert.match((await refusal('[{"tenant":"contoso"}]')).problem, /no entry can be used: .*entry 1/);
    assert.match((await refusal(" ".repeat(5 * 2 ** 20))).problem, /more than the \d+ that such a blob may/);
  });
});
