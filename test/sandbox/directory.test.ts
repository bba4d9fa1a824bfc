import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Directory } from "../../src/sandbox/people/directory.ts";

function populate(users: number): Directory {
  return new Directory({ users, seed: 3, domain: "contoso.onmicrosoft.com", nullCreatedShare: 0.005 });
}

function textsOf(directory: Directory, property: string): string[] {
  return Array.from({ length: directory.slots }, (_, at) => String(directory.personAt(at)[property]));
}

describe("the directory", () => {
  it("has awkward people in a few hundred", () => {
    const directory = populate(350);
    const names = textsOf(directory, "displayName");
    const shapes = [
      /"/,
      /\\/,
      /\n/,
      /\t/,
      /\p{Extended_Pictographic}/u,
      /\u0308/,
      /[\u0590-\u05ff]/,
      /^=/,
      /^\+/,
      /^-/,
      /^@/,
      /\u2028/,
      /<script>/,
    ];
    for (const shape of shapes)
      assert.ok(
        names.some((name) => shape.test(name)),
        String(shape),
      );
    assert.ok(textsOf(directory, "surname").includes("null"));
    assert.ok(textsOf(directory, "userType").includes("null"));
    assert.ok(textsOf(directory, "createdDateTime").includes("null"));
    assert.ok(
      textsOf(directory, "userPrincipalName").some((name) =>
        /_[\w.]+#EXT#@contoso\.onmicrosoft\.com$/.test(name),
      ),
    );
    assert.ok(textsOf(directory, "employeeId").some((id) => id.startsWith("0")));
    assert.ok(
      Array.from({ length: 350 }, (_, at) => JSON.stringify(directory.personAt(at))).some(
        (text) => text.length > 15_000,
      ),
    );
  });

  it("gives everybody an id and a name of their own", () => {
    const directory = populate(20_000);
    const ids = [...directory.ids()];
    assert.equal(new Set(ids).size, 20_000);
    assert.ok(
      ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    );
    assert.equal(directory.person(ids[12_345] ?? "")?.id, ids[12_345]);
    assert.equal(directory.person("11111111-1111-4111-8111-111111111111"), undefined);
  });

  it("has the shares of a real tenant", () => {
    const directory = populate(50_000);
    const shareOf = (count: number) => count / directory.size;
    const guests = shareOf(directory.count({ kind: "userType", value: "Guest" }));
    const disabled = shareOf(directory.count({ kind: "accountEnabled", value: false }));
    const nulls = shareOf(directory.count({ kind: "createdNull" }));
    assert.ok(Math.abs(guests - 0.08) < 0.01, `guests ${guests}`);
    assert.ok(Math.abs(disabled - 0.06) < 0.01, `disabled ${disabled}`);
    assert.ok(Math.abs(nulls - 0.005) < 0.003, `nulls ${nulls}`);
  });

  it("has bulk imports of thousands within seconds", () => {
    const directory = populate(50_000);
    const perSecond = new Map<number, number>();
    for (let at = 0; at < directory.slots; at++) {
      const created = directory.createdSecondsAt(at);
      perSecond.set(created, (perSecond.get(created) ?? 0) + 1);
    }
    const busiest = [...perSecond].reduce((one, other) => (other[1] > one[1] ? other : one));
    assert.ok(busiest[1] > 500, `busiest second ${busiest[1]}`);
    const fromSeconds = busiest[0] - 10;
    assert.ok(directory.count({ kind: "createdBetween", fromSeconds, toSeconds: busiest[0] + 10 }) > 2000);
  });

  it("finds a range of a million people without looking at them all", () => {
    const directory = populate(1_000_000);
    const filter = { kind: "createdBetween", fromSeconds: 1.6e9, toSeconds: 1.7e9 } as const;
    directory.page(filter, 0, 1);
    const start = performance.now();
    for (let page = 0; page < 100; page++) directory.page(filter, page * 999, 999);
    assert.ok(performance.now() - start < 500);
  });
});
