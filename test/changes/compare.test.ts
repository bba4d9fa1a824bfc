import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type ChangeRecord, parseChange } from "../../src/changes/change.ts";
import { compareSnapshots } from "../../src/changes/compare.ts";
import type { CompareOptions } from "../../src/changes/comparison.ts";
import type { Side } from "../../src/changes/side.ts";
import { RollcallError } from "../../src/error.ts";
import { idOf, memorySide, type Row } from "./memory-side.ts";

/** All changes, parsed, by id. */
async function changesOf(before: Side, after: Side, options?: CompareOptions): Promise<ChangeRecord[]> {
  const records: ChangeRecord[] = [];
  for await (const changes of compareSnapshots(before, after, options)) {
    for (const { line, kind, properties } of changes) {
      const record = parseChange(line);
      assert.ok(record, line.toString());
      assert.equal(record.change, kind);
      assert.deepEqual(properties, kind === "changed" ? Object.keys(record.after ?? {}) : []);
      records.push(record);
    }
  }
  return records.sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** The changes between two rows of one user. */
function changesBetween(before: Partial<Row>, after: Partial<Row>): Promise<ChangeRecord[]> {
  return changesOf(memorySide([{ id: idOf(0), ...before }]), memorySide([{ id: idOf(0), ...after }]));
}

describe("compareSnapshots", () => {
  it("reads an id that Graph wrote with escapes, and one that is not the first property", async () => {
    const escaped = idOf(0).replace("8", "\\u0038");
    const before = memorySide([{ id: idOf(0), mail: "a" }]);
    const after = memorySide([`{"id":"${escaped}","mail":"b"}`], { properties: ["id", "mail"] });
    const turned = memorySide([`{"mail":"b","id":"${escaped}"}`], { properties: ["mail", "id"] });
    for (const side of [after, turned]) {
      const [change, ...others] = await changesOf(before, side);
      assert.deepEqual(others, []);
      assert.deepEqual([change?.change, change?.id, change?.after], ["changed", idOf(0), { mail: "b" }]);
    }
  });

  it("tells who joined, who left and who changed, and says nothing of the others", async () => {
    const person = (index: number, more: object = {}) => ({
      id: idOf(index),
      userPrincipalName: `user${index}@contoso.com`,
      displayName: `User ${index}`,
      department: "Sales",
      accountEnabled: true,
      ...more,
    });
    const before = memorySide([person(0), person(1), person(2)]);
    const after = memorySide([
      person(3),
      person(2),
      person(0, { accountEnabled: false, displayName: "Zoë 🦄" }),
    ]);
    assert.deepEqual(await changesOf(before, after), [
      {
        id: idOf(0),
        change: "changed",
        userPrincipalName: "user0@contoso.com",
        displayName: "Zoë 🦄",
        before: { displayName: "User 0", accountEnabled: true },
        after: { displayName: "Zoë 🦄", accountEnabled: false },
      },
      {
        id: idOf(1),
        change: "left",
        userPrincipalName: "user1@contoso.com",
        displayName: "User 1",
        before: person(1),
        after: null,
      },
      {
        id: idOf(3),
        change: "joined",
        userPrincipalName: "user3@contoso.com",
        displayName: "User 3",
        before: null,
        after: person(3),
      },
    ]);
  });

  it("takes another order inside collections for no change, at any depth", async () => {
    const one = {
      mails: ["a", "b"],
      plans: [
        { sku: "x", off: ["1", "2"] },
        { sku: "y", off: [] },
      ],
    };
    const other = {
      mails: ["b", "a"],
      plans: [
        { off: [], sku: "y" },
        { off: ["2", "1"], sku: "x" },
      ],
    };
    assert.deepEqual(await changesBetween(one, other), []);
  });

  it("takes null and absent for the same", async () => {
    const before = memorySide([`{"id":"${idOf(0)}","a":null,"b":{"c":null}}`], {
      properties: ["id", "a", "b"],
    });
    const after = memorySide([`{"id":"${idOf(0)}","b":{}}`], { properties: ["id", "a", "b"] });
    assert.deepEqual(await changesOf(before, after), []);
    assert.equal((await changesBetween({ a: null }, { a: "" })).length, 1);
  });

  it("takes another spelling of the id for no change", async () => {
    const id = "abcdef00-0000-4000-8000-000000000001";
    const before = memorySide([{ id, a: 1 }]);
    const after = memorySide([{ id: id.toUpperCase(), a: 1 }]);
    assert.deepEqual(await changesOf(before, after), []);
  });

  it("compares only what both sides selected", async () => {
    const before = memorySide([
      { id: idOf(0), a: 1, gone: 1, userPrincipalName: "u" },
      { id: idOf(1), a: 1, gone: 1 },
    ]);
    const after = memorySide([
      { fresh: 2, a: 2, id: idOf(0) },
      { fresh: 2, a: 1, id: idOf(1) },
    ]);
    const none = { userPrincipalName: null, displayName: null };
    assert.deepEqual(await changesOf(before, after), [
      { id: idOf(0), change: "changed", ...none, before: { a: 1 }, after: { a: 2 } },
    ]);
  });

  it("finds no change in the same properties in another order", async () => {
    const rows = Array.from({ length: 30 }, (_, index) => ({ id: idOf(index), a: index, b: ["x"] }));
    const before = memorySide(rows, { properties: ["id", "a", "b"] });
    const after = memorySide(rows, { properties: ["b", "id", "a"] });
    assert.deepEqual(await changesOf(before, after), []);
    assert.deepEqual([...before.reads.values()], [1, 1, 1]);
  });

  it("keeps values as they were sent", async () => {
    const line = (value: string) => `{"id":"${idOf(0)}","big":${value},"text":"Zo\\u00eb"}`;
    const properties = ["id", "big", "text"];
    const before = memorySide([line("9007199254740993")], { properties });
    const after = memorySide([line("9007199254740992")], { properties });
    const found: string[] = [];
    for await (const changes of compareSnapshots(before, after))
      found.push(...changes.map(({ line }) => `${line}`));
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /"before":\{"big":9007199254740993\},"after":\{"big":9007199254740992\}\}$/);
    const joined: string[] = [];
    const nobody = memorySide([], { properties });
    for await (const changes of compareSnapshots(nobody, after))
      joined.push(...changes.map(({ line }) => `${line}`));
    assert.match(joined[0] ?? "", /"after":\{"id":"[^"]+","big":9007199254740992,"text":"Zo\\u00eb"\}\}$/);
  });

  it("finds everybody joined, everybody left and nothing between nobody and nobody", async () => {
    const nobody = memorySide([], { properties: ["id"] });
    const some = memorySide(Array.from({ length: 25 }, (_, index) => ({ id: idOf(index) })));
    const kinds = async (before: Side, after: Side) =>
      (await changesOf(before, after)).map(({ change }) => change);
    assert.deepEqual(await kinds(nobody, some), Array(25).fill("joined"));
    assert.deepEqual(await kinds(some, nobody), Array(25).fill("left"));
    assert.deepEqual(await kinds(nobody, nobody), []);
    assert.deepEqual(await kinds(some, some), []);
  });

  it("reads the former parts again only where somebody left or may have changed", async () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({ id: idOf(index), a: 1 }));
    const before = memorySide(rows);
    const after = memorySide(rows.filter(({ id }) => id !== idOf(45)).with(12, { id: idOf(12), a: 2 }));
    assert.equal((await changesOf(before, after)).length, 2);
    assert.deepEqual([...before.reads.values()], [1, 2, 1, 1, 2]);
    assert.deepEqual([...after.reads.values()], [1, 1, 1, 1, 1]);
  });

  it("reads twice more where everybody has changed, in batches", async () => {
    const rows = (a: number) => Array.from({ length: 100 }, (_, index) => ({ id: idOf(index), a }));
    const before = memorySide(rows(1));
    assert.equal((await changesOf(before, memorySide(rows(2)), { maxPendingRows: 7 })).length, 100);
    const most = Math.max(...before.reads.values());
    assert.equal(most, 3);
  });

  for (const maxPendingRows of [1, 7, 1000]) {
    for (const selection of ["the same", "another"] as const) {
      it(`agrees with a comparison of everything with everything: ${selection} selection, ${maxPendingRows} rows held`, async () => {
        const random = randomFrom(maxPendingRows);
        for (let round = 0; round < 15; round++) {
          const before = randomRows(random, 80);
          const after = mutated(random, before);
          const afterProperties =
            selection === "the same" ? undefined : ["list", "displayName", "id", "nested"];
          const sides = [
            memorySide(before, { properties: PROPERTIES, usersPerPart: 1 + random(30) }),
            memorySide(after, { properties: afterProperties ?? PROPERTIES, usersPerPart: 1 + random(30) }),
          ] as const;
          const found = (await changesOf(...sides, { maxPendingRows })).map(
            ({ id, change, before, after }) => [
              id,
              change,
              change === "changed" ? [before, after] : undefined,
            ],
          );
          assert.deepEqual(found, bruteForce(before, after, afterProperties ?? PROPERTIES));
        }
      });
    }
  }

  it("names the part in which a user stands twice", async () => {
    const twice = [{ id: idOf(0) }, { id: idOf(1) }, { id: idOf(0) }];
    const once = memorySide([{ id: idOf(0) }, { id: idOf(1) }]);
    await isDamaged(changesOf(memorySide(twice), once), /users-00000.*: a user is in it twice/);
    await isDamaged(changesOf(once, memorySide(twice)), /users-00000.*: a user is in it twice/);
  });

  for (const [words, line] of [
    ["is no JSON", "{"],
    ["is no object", "7"],
    ["has no id", '{"name":"x"}'],
    ["has the nil id", '{"id":"00000000-0000-0000-0000-000000000000"}'],
    ["is empty", ""],
  ] as const) {
    it(`names the part with a line that ${words}`, async () => {
      await isDamaged(changesOf(memorySide([line]), memorySide([{ id: idOf(0) }])), /users-00000/);
      await isDamaged(changesOf(memorySide([{ id: idOf(0) }]), memorySide([line])), /users-00000/);
    });
  }

  it("ends with the signal's reason", async () => {
    const side = memorySide([{ id: idOf(0) }]);
    const reason = new Error("enough");
    await assert.rejects(changesOf(side, side, { signal: AbortSignal.abort(reason) }), reason);
  });
});

async function isDamaged(comparing: Promise<unknown>, problem: RegExp): Promise<void> {
  await assert.rejects(comparing, (error) => {
    assert.ok(error instanceof RollcallError);
    assert.equal(error.code, "snapshot-damaged");
    assert.match(error.message, problem);
    return true;
  });
}

const PROPERTIES = ["id", "displayName", "enabled", "list", "nested"];

/** Whole numbers below a bound, always the same ones. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = ReturnType<typeof randomFrom>;

function randomRow(random: Random, id: string): Row {
  return {
    id,
    displayName: ["Zoë", "李小龍", 'O\'Hara "x"', null][random(4)],
    enabled: random(2) === 0,
    list: Array.from({ length: random(4) }, () => ["a", "b", "c"][random(3)]),
    nested: random(5) === 0 ? null : { k: random(3), l: [{ z: random(2) }, { z: 2, y: null }] },
  };
}

function randomRows(random: Random, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => randomRow(random, idOf(index)));
}

/** Some of them gone, others new, changed, or only written in another way; all in another order. */
function mutated(random: Random, rows: readonly Row[]): Row[] {
  const kept = rows.filter(() => random(8) > 0);
  const changed = kept.map((row) => {
    if (random(6) === 0) return randomRow(random, row.id);
    if (random(3) === 0) return { ...row, list: (row.list as unknown[]).toReversed() };
    return row;
  });
  const joined = Array.from({ length: random(10) }, (_, index) => randomRow(random, idOf(1000 + index)));
  return [...changed, ...joined].sort(() => random(3) - 1);
}

function bruteForce(
  before: readonly Row[],
  after: readonly Row[],
  afterProperties: readonly string[],
): unknown[] {
  const ids = [...new Set([...before, ...after].map(({ id }) => id))].sort();
  return ids.flatMap((id): unknown[] => {
    const was = before.find((row) => row.id === id);
    const is = after.find((row) => row.id === id);
    if (!was) return [[id, "joined", undefined]];
    if (!is) return [[id, "left", undefined]];
    const names = afterProperties.filter((name) => !isDeepStrictEqual(normal(was[name]), normal(is[name])));
    const pick = (row: Row) => Object.fromEntries(names.map((name) => [name, row[name]]));
    return names.length === 0 ? [] : [[id, "changed", [pick(was), pick(is)]]];
  });
}

/** Collections sorted, members sorted, nulls left out: written apart from the code under test. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(normal).sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value ?? null;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.sort().map(([key, member]) => [key, normal(member)]));
}
