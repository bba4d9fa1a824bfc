import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { IdSet } from "../../src/rows/id-set.ts";

function randomIds(count: number): string[] {
  return Array.from({ length: count }, () => randomUUID());
}

/** A GUID with a number in one of its four 32-bit words. */
function idWith(word: 0 | 1 | 2 | 3, number: number): string {
  const words = [1, 1, 1, 1].with(word, number);
  const hex = words.map((at) => at.toString(16).padStart(8, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

describe("IdSet", () => {
  it("begins empty", () => {
    assert.equal(new IdSet().size, 0);
    assert.equal(new IdSet(5000).size, 0);
  });

  it("tells a new id from one it has", () => {
    const ids = new IdSet();
    const [one, other] = randomIds(2) as [string, string];
    assert.equal(ids.add(one), true);
    assert.equal(ids.add(other), true);
    assert.equal(ids.add(one), false);
    assert.equal(ids.add(other), false);
    assert.equal(ids.size, 2);
  });

  it("takes either case for the same id", () => {
    const ids = new IdSet();
    assert.equal(ids.add("87d349ed-44d7-43e1-9a83-5f2406dee5bd"), true);
    assert.equal(ids.add("87D349ED-44D7-43E1-9A83-5F2406DEE5BD"), false);
  });

  it("tells ids apart that differ in a single digit, whichever it is", () => {
    const id = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
    const ids = new IdSet();
    ids.add(id);
    for (let at = 0; at < id.length; at++) {
      if (id[at] === "-") continue;
      const digit = id[at] === "0" ? "1" : "0";
      assert.equal(ids.add(id.slice(0, at) + digit + id.slice(at + 1)), true, `digit ${at}`);
    }
    assert.equal(ids.size, 33);
  });

  it("keeps ids that are zero in three of their four words", () => {
    const ids = new IdSet();
    const almostNil = [
      "00000001-0000-0000-0000-000000000000",
      "00000000-0000-0001-0000-000000000000",
      "00000000-0000-0000-0001-000000000000",
      "00000000-0000-0000-0000-000000000001",
    ];
    for (const id of almostNil) assert.equal(ids.add(id), true);
    for (const id of almostNil) assert.equal(ids.add(id), false);
  });

  it("agrees with a Set on 200,000 random ids, some of them repeated and in upper case", () => {
    const known = new Set<string>();
    const ids = new IdSet(200_000);
    const random = randomIds(200_000);
    for (const [index, id] of random.entries()) {
      const repeated = random[Math.floor(index / 2)] ?? id;
      for (const next of index % 3 === 0 ? [id, repeated.toUpperCase()] : [id]) {
        const isNew = !known.has(next.toLowerCase());
        known.add(next.toLowerCase());
        assert.equal(ids.add(next), isNew);
      }
    }
    assert.equal(ids.size, known.size);
  });

  it("grows far beyond the number expected and forgets nothing", () => {
    for (const expected of [0, 1, 1000]) {
      const ids = new IdSet(expected);
      const random = randomIds(30_000);
      for (const id of random) assert.equal(ids.add(id), true);
      for (const id of random) assert.equal(ids.add(id), false);
      assert.equal(ids.size, 30_000);
    }
  });

  it("keeps ids apart that count in a single word", () => {
    for (const word of [0, 1, 2, 3] as const) {
      const ids = new IdSet(20_000);
      for (let number = 2; number < 20_002; number++) assert.equal(ids.add(idWith(word, number)), true);
      for (let number = 2; number < 20_002; number++) assert.equal(ids.add(idWith(word, number)), false);
    }
  });

  it("is quick with ids that differ in a single word, whichever it is", () => {
    const began = performance.now();
    for (const word of [0, 1, 2, 3] as const) {
      const ids = new IdSet(40_000);
      for (let number = 2; number < 40_002; number++) ids.add(idWith(word, number));
    }
    // It took 6 seconds a word where all of them met in one place.
    assert.ok(performance.now() - began < 5000);
  });

  it("holds the ids expected in 24 bytes each", () => {
    const expected = 200_000;
    const random = randomIds(expected);
    const before = process.memoryUsage().arrayBuffers;
    const ids = new IdSet(expected);
    for (const id of random) ids.add(id);
    const bytesPerId = (process.memoryUsage().arrayBuffers - before) / expected;
    assert.equal(ids.size, expected);
    // Less only where something else was freed meanwhile.
    assert.ok(bytesPerId <= 24.5, `${bytesPerId} bytes an id`);
  });
});
