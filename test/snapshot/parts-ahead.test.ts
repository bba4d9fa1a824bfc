import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import type { PartEntry } from "../../src/snapshot/part.ts";
import { PartsAhead } from "../../src/snapshot/parts-ahead.ts";
import { sha256Of } from "../../src/snapshot/sha256.ts";
import { type Container, openContainer } from "../../src/storage/container.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";

const FOLDER = folderOf("87d349ed-44d7-43e1-9a83-5f2406dee5bd", "20261122T020000Z");

let storage: Storage;
let container: Container;
let bytesRead = 0;
let parts: readonly PartEntry[];

before(async () => {
  trustSandbox(await sharedTls());
  storage = await startSharedStorage();
  const { connectionString } = storage;
  const nobody = { getToken: async () => null };
  const { signal } = new AbortController();
  const name = `ahead-${process.pid}`;
  container = openContainer({ kind: "local", connectionString }, name, nobody, signal, (bytes) => {
    bytesRead += bytes;
  });
  await container.prepare();
  parts = await Promise.all([0, 1, 2].map(store));
});
after(() => storage[Symbol.asyncDispose]());

async function store(number: number): Promise<PartEntry> {
  const name = `users-0000${number}.ndjson.gz`;
  const body = Buffer.alloc(1000, number);
  await container.putOnce({ path: `${FOLDER.path}/${name}`, body, contentType: "application/x-ndjson" });
  return { name, users: 1, bytes: body.length, sha256: sha256Of(body) };
}

/** Waits until so much has come that nobody has asked for yet. */
async function arrival(bytes: number): Promise<void> {
  while (bytesRead < bytes) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("parts that are read ahead", () => {
  it("come in their order, each read once, the next while one is looked at, and no further", async () => {
    bytesRead = 0;
    using ahead = new PartsAhead(container, FOLDER, parts);
    for (const [number, part] of parts.entries()) {
      assert.equal((await ahead.take(part))[0], number);
      const expected = 1000 * Math.min(number + 2, parts.length);
      await arrival(expected);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(bytesRead, expected);
    }
  });

  it("are told of as damaged when they are taken, and the one after that can still be", async () => {
    const [first, second, third] = parts;
    assert.ok(first && second && third);
    const damaged = { ...second, sha256: "0".repeat(64) };
    using ahead = new PartsAhead(container, FOLDER, [first, damaged, third]);
    await ahead.take(first);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await assert.rejects(ahead.take(damaged), { code: "snapshot-damaged" });
    assert.equal((await ahead.take(third))[0], 2);
  });

  it("are no longer read once nobody wants them", async () => {
    const [first] = parts;
    assert.ok(first);
    bytesRead = 0;
    const ahead = new PartsAhead(container, FOLDER, parts);
    await ahead.take(first);
    ahead[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(bytesRead, 1000);
  });
});
