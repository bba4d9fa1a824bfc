import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appToken, openTenant, usersUrl, walk, walkIds } from "./caller.ts";

const eventual = { ConsistencyLevel: "eventual" };

function filterUrl(tenant: Parameters<typeof usersUrl>[0], filter: string): string {
  return usersUrl(tenant, { top: "50", select: "id,createdDateTime", filter });
}

describe("a listing", () => {
  it("yields everybody exactly once", async () => {
    await using tenant = await openTenant({ users: 1000 });
    const ids = await walkIds(usersUrl(tenant, { top: "150" }), await appToken(tenant));
    assert.deepEqual(ids, [...tenant.directory.ids()]);
    assert.equal(new Set(ids).size, 1000);
  });

  it("is not in order of creation", async () => {
    await using tenant = await openTenant();
    const created: string[] = [];
    for await (const page of walk(usersUrl(tenant, { select: "createdDateTime" }), await appToken(tenant))) {
      for (const user of page.json.value)
        if (user.createdDateTime !== null) created.push(user.createdDateTime);
    }
    assert.notDeepEqual(created, created.toSorted());
  });

  it("yields those who stay exactly once while others come, go and are renamed", async () => {
    await using tenant = await openTenant({ users: 400 });
    const { directory } = tenant;
    const before = [...directory.ids()];
    const [removed = "", renamed = ""] = [before[250] ?? "", before[300] ?? ""];
    let added = "";
    const seen = new Map<string, string>();
    let pages = 0;
    for await (const page of walk(
      usersUrl(tenant, { top: "100", select: "id,displayName" }),
      await appToken(tenant),
    )) {
      for (const user of page.json.value) {
        assert.equal(seen.has(user.id), false);
        seen.set(user.id, user.displayName);
      }
      if (++pages > 1) continue;
      directory.remove(removed);
      directory.rename(renamed, { displayName: "Somebody Else" });
      added = directory.add({ displayName: "New Here" });
    }
    assert.equal(seen.has(removed), false);
    assert.equal(seen.get(renamed), "Somebody Else");
    assert.equal(seen.get(added), "New Here");
    assert.equal(seen.size, directory.size);
    assert.equal(directory.size, 400);
  });

  it("may have pages that are shorter than asked for, even empty ones", async () => {
    await using tenant = await openTenant({ users: 60 });
    for (const id of [...tenant.directory.ids()].slice(20, 45)) tenant.directory.remove(id);
    const sizes: number[] = [];
    for await (const page of walk(usersUrl(tenant, { top: "20" }), await appToken(tenant))) {
      sizes.push(page.json.value.length);
    }
    assert.deepEqual(sizes, [20, 0, 15]);
  });

  it("tiles by creation time: slices and the nulls make up everybody", async () => {
    await using tenant = await openTenant({ users: 600, nullCreatedShare: 0.05 });
    const token = await appToken(tenant);
    const late = tenant.directory.add({ createdDateTime: "2019-05-05T05:05:05Z" });
    tenant.directory.update([...tenant.directory.ids()][100] ?? "", {
      createdDateTime: "2021-01-01T00:00:00Z",
    });
    const slices = [
      "createdDateTime le 2018-12-31T23:59:59Z",
      "createdDateTime ge 2019-01-01T00:00:00Z and createdDateTime le 2021-06-30T23:59:59Z",
      "createdDateTime ge 2021-07-01T00:00:00Z",
    ];
    const parts = await Promise.all(slices.map((slice) => walkIds(filterUrl(tenant, slice), token)));
    const nulls = usersUrl(tenant, { filter: "createdDateTime eq null", count: "true" });
    parts.push(await walkIds(nulls, token, eventual));
    assert.ok(parts.every((part) => part.length > 0));
    assert.ok(parts[1]?.includes(late));
    assert.deepEqual(parts.flat().toSorted(), [...tenant.directory.ids()].toSorted());
  });

  it("includes both ends of a range", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    const person = tenant.directory.personAt(0);
    const at = String(person.createdDateTime);
    const ids = await walkIds(
      filterUrl(tenant, `createdDateTime ge ${at} and createdDateTime le ${at}`),
      token,
    );
    assert.ok(ids.includes(String(person.id)));
  });

  it("tiles by account state and by kind of user", async () => {
    await using tenant = await openTenant();
    const token = await appToken(tenant);
    const count = async (filter: string) => (await walkIds(filterUrl(tenant, filter), token)).length;
    const unknown = (property: string) =>
      Array.from({ length: 300 }, (_, at) => tenant.directory.personAt(at)[property]).filter(
        (value) => value === null,
      ).length;
    assert.equal(
      (await count("accountEnabled eq true")) + (await count("accountEnabled eq false")),
      300 - unknown("accountEnabled"),
    );
    assert.equal(
      (await count("userType eq 'Member'")) + (await count("userType eq 'Guest'")),
      300 - unknown("userType"),
    );
  });

  it("is the same again for the same seed, and other people for another", async () => {
    const list = async (seed: number) => {
      await using tenant = await openTenant({ seed, users: 50 });
      return await walkIds(usersUrl(tenant), await appToken(tenant));
    };
    const first = await list(7);
    assert.deepEqual(await list(7), first);
    assert.notDeepEqual(await list(8), first);
  });
});
