import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { MAX_LINE_BYTES, MAX_PART_CONTENT_BYTES } from "../../src/rows/line-limit.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { folderOf } from "../../src/snapshot/layout.ts";
import type { PartEntry } from "../../src/snapshot/part.ts";
import { partBlocks, partLines } from "../../src/snapshot/part-reader.ts";
import { PartWriter } from "../../src/snapshot/part-writer.ts";
import { sha256Of } from "../../src/snapshot/sha256.ts";
import { type Container, openContainer } from "../../src/storage/container.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";

const TENANT_ID = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";
const FOLDER = folderOf(TENANT_ID, "20261122T020000Z");
const MIB = 2 ** 20;

let storage: Storage;
let containers = 0;

before(async () => {
  const tls = await sharedTls();
  trustSandbox(tls);
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

async function freshContainer(): Promise<Container> {
  const place = { kind: "local", connectionString: storage.connectionString } as const;
  const nobody = { getToken: async () => null };
  const { signal } = new AbortController();
  const container = openContainer(place, `bounds-${process.pid}-${++containers}`, nobody, signal);
  await container.prepare();
  return container;
}

/** A part that its entry vouches for. */
async function storePart(container: Container, body: Buffer, users: number): Promise<PartEntry> {
  const name = "users-00000.ndjson.gz";
  await container.putOnce({ path: `${FOLDER.path}/${name}`, body, contentType: "application/x-ndjson" });
  return { name, users, bytes: body.length, sha256: sha256Of(body) };
}

/** Both ways of reading end with that problem, and hand out no more than `most` bytes before. */
async function assertStops(
  container: Container,
  part: PartEntry,
  problem: RegExp,
  most: number,
): Promise<void> {
  let bytes = 0;
  const refused = { code: "snapshot-damaged", problem };
  await assert.rejects(async () => {
    for await (const block of partBlocks(container, FOLDER, part)) bytes += block.length;
  }, refused);
  assert.ok(bytes <= most, `${bytes} bytes of blocks`);
  bytes = 0;
  await assert.rejects(async () => {
    for await (const lines of partLines(container, FOLDER, part)) bytes += lines.join("\n").length;
  }, refused);
  assert.ok(bytes <= most, `${bytes} bytes of lines`);
}

describe("reading a part stops", () => {
  it("at a line that is too long, and not before", async () => {
    const longest = gzipSync(`${"x".repeat(MAX_LINE_BYTES)}\n`);
    const sound = await freshContainer();
    const part = await storePart(sound, longest, 1);
    assert.equal((await Array.fromAsync(partLines(sound, FOLDER, part))).flat()[0]?.length, MAX_LINE_BYTES);
    const damaged = await freshContainer();
    const longer = await storePart(damaged, gzipSync(`${"x".repeat(MAX_LINE_BYTES + 1)}\n`), 1);
    await assertStops(damaged, longer, /one of its lines is longer than 4194304 bytes/, 0);
  });

  it("at more lines than the manifest says", async () => {
    const container = await freshContainer();
    const part = await storePart(container, gzipSync("{}\n".repeat(1_000_000)), 100);
    await assertStops(container, part, /more lines than the 100 that the manifest says/, 0);
  });

  it("at the end, with fewer lines than the manifest says", async () => {
    const container = await freshContainer();
    const part = await storePart(container, gzipSync("{}\n".repeat(10)), 11);
    await assertStops(container, part, /it has 10 lines; the manifest says 11/, 30);
  });

  it("at a line that is not UTF-8", async () => {
    const container = await freshContainer();
    const part = await storePart(container, gzipSync(Buffer.from([0x22, 0xc3, 0x22, 0x0a])), 1);
    await assertStops(container, part, /not UTF-8|not gzip of UTF-8/, 0);
  });

  it("at more content than a part may hold", async () => {
    const container = await freshContainer();
    const line = `${"x".repeat(MIB - 1)}\n`;
    const part = await storePart(container, gzipSync(line.repeat(300), { level: 1 }), 300);
    await assertStops(container, part, /more than the 268435456 bytes/, MAX_PART_CONTENT_BYTES);
  });

  it("before a blob that is larger than a part may be", async () => {
    const container = await freshContainer();
    await assert.rejects(container.read((await storeBytes(container, 2000)).path, 1999), {
      code: "snapshot-damaged",
      problem: /has 2000 bytes, more than the 1999/,
    });
  });

  it("when the container's signal is aborted, with the next chunk", async () => {
    const container = await freshContainer();
    const part = await storePart(container, gzipSync(`${"x".repeat(99)}\n`.repeat(100_000)), 100_000);
    // The usual reason has a code, as errors of zlib do: that is no damage.
    for (const reason of [new Error("enough"), new DOMException("enough", "AbortError")]) {
      for (const read of [partBlocks, partLines]) {
        const stop = new AbortController();
        let chunks = 0;
        const reading = async () => {
          for await (const _ of read(container.withSignal(stop.signal), FOLDER, part)) {
            chunks++;
            stop.abort(reason);
          }
        };
        await assert.rejects(reading, (error) => error === reason);
        assert.ok(chunks <= 2, `${chunks} chunks`);
      }
    }
  });
});

describe("a part that compresses well", () => {
  it("is closed at 64 MiB of lines", async () => {
    const container = await freshContainer();
    const writer = new PartWriter(container, FOLDER);
    const lines = Buffer.from(`{"id":"${"x".repeat(1000)}"}\n`.repeat(16_000));
    for (let pages = 0; pages < 9; pages++) await writer.write(lines, 16_000);
    const parts = await writer.finish();
    assert.deepEqual(
      parts.map(({ users }) => users),
      [80_000, 64_000],
    );
  });
});

async function storeBytes(container: Container, bytes: number): Promise<{ readonly path: string }> {
  const path = `${FOLDER.path}/blob`;
  await container.putOnce({ path, body: Buffer.alloc(bytes), contentType: "text/plain" });
  return { path };
}
