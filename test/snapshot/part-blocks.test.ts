import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import { GzipPart } from "../../src/snapshot/part.ts";
import { partBlocks, partLines } from "../../src/snapshot/part-reader.ts";
import { openContainer } from "../../src/storage/container.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";

const NAME = "users-00000.ndjson.gz";
const CHUNK_BYTES = 256 * 2 ** 10;

describe("partBlocks", () => {
  it("hands out whole lines, wherever a chunk ends, and the same as partLines", async () => {
    const tls = await sharedTls();
    trustSandbox(tls);
    await using storage = await startSharedStorage();
    const { connectionString } = storage;
    const nobody = { getToken: async () => null };
    const { signal } = new AbortController();
    const container = openContainer({ kind: "local", connectionString }, "blocks", nobody, signal);
    await container.prepare();
    const folder = folderOf("87d349ed-44d7-43e1-9a83-5f2406dee5bd", "20261122T020000Z");
    // Short ones, one that ends with a chunk, one longer than two chunks, and characters of several bytes.
    const lengths = [1, 5, CHUNK_BYTES - 9, 3, 2 * CHUNK_BYTES + 7, 1, ...Array<number>(3000).fill(101)];
    const lines = lengths.map((length, index) => (index % 2 === 0 ? "x".repeat(length) : "é".repeat(length)));
    const part = new GzipPart();
    await part.write(Buffer.from(lines.map((line) => `${line}\n`).join("")), lines.length);
    const { entry, body } = await part.finish(NAME);
    await container.putOnce({ path: `${folder.path}/${NAME}`, body, contentType: "application/x-ndjson" });

    const read: string[] = [];
    for await (const block of partBlocks(container, folder, entry)) {
      assert.equal(block.at(-1), 0x0a);
      read.push(...block.toString().split("\n").slice(0, -1));
    }
    assert.deepEqual(read, lines);
    const decoded: string[] = [];
    for await (const some of partLines(container, folder, entry)) decoded.push(...some);
    assert.deepEqual(decoded, lines);
  });
});
