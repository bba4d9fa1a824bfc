import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { DigestTable } from "../../src/changes/digest-table.ts";

function randomId(): Uint32Array {
  return new Uint32Array(randomBytes(16).buffer.slice(0, 16)).map(() => randomBytes(4).readUInt32LE());
}

describe("DigestTable", () => {
  it("finds each row's digest and part again, filled to the last", () => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({
      id: randomId(),
      digest: randomBytes(32),
      part: index % 7,
    }));
    const table = new DigestTable(rows.length);
    for (const { id, digest, part } of rows) assert.ok(table.add(id, digest, part));
    assert.equal(table.size, rows.length);
    for (const { id, digest, part } of rows) {
      const at = table.find(id);
      assert.ok(table.hasDigest(at, digest));
      assert.ok(!table.hasDigest(at, randomBytes(32)));
      assert.equal(table.partOf(at), part);
    }
    assert.equal(table.find(randomId()), -1);
  });

  it("tells digests apart that differ in one bit of the 128", () => {
    const table = new DigestTable(1);
    const id = randomId();
    const digest = randomBytes(16);
    table.add(id, digest, 0);
    for (let bit = 0; bit < 128; bit++) {
      const other = Buffer.from(digest);
      other.writeUInt8((other[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      assert.ok(!table.hasDigest(table.find(id), other), `bit ${bit}`);
    }
  });

  it("refuses an id twice, and more rows than there is room for", () => {
    const table = new DigestTable(2);
    const id = randomId();
    assert.ok(table.add(id, randomBytes(16), 0));
    assert.ok(!table.add(id, randomBytes(16), 0));
    assert.ok(table.add(randomId(), randomBytes(16), 0));
    assert.ok(!table.add(randomId(), randomBytes(16), 0));
    assert.equal(table.size, 2);
  });

  it("counts by part those who were not met again", () => {
    const table = new DigestTable(4);
    const ids = Array.from({ length: 4 }, randomId);
    for (const [index, id] of ids.entries()) table.add(id, randomBytes(16), index === 0 ? 0 : 3);
    const [first, second] = ids.map((id) => table.find(id)) as [number, number];
    assert.ok(table.markSeen(first) && table.markSeen(second));
    assert.ok(!table.markSeen(second));
    assert.ok(table.isSeen(second));
    assert.equal(table.partOf(second), 3);
    assert.deepEqual([...table.countUnseen()], [[3, 2]]);
  });
});
