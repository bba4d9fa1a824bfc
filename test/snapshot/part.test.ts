import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { gunzipSync, inflateRawSync } from "node:zlib";
import { GzipPart } from "../../src/snapshot/part.ts";

const NAME = "users-00000.ndjson.gz";

/** Lines that hardly compress, so that a little of them is a lot of output. */
function randomLines(count: number, bytesEach: number): string[] {
  return Array.from({ length: count }, () => randomBytes(bytesEach).toString("hex"));
}

/** Adds lines given as byte strings. */
function writeLines(part: GzipPart, lines: readonly string[]): Promise<void> {
  return part.write(Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1"), lines.length);
}

describe("GzipPart", () => {
  it("gives back the lines it was given, each ended by a line feed", async () => {
    const part = new GzipPart();
    const asBytes = Buffer.from('{"id":"1","displayName":"Zoë 李小龍 🦄"}').toString("latin1");
    await writeLines(part, [asBytes, '{"id":"2"}']);
    await writeLines(part, ['{"id":"3"}']);
    const { body } = await part.finish(NAME);
    assert.equal(
      gunzipSync(body).toString("utf8"),
      '{"id":"1","displayName":"Zoë 李小龍 🦄"}\n{"id":"2"}\n{"id":"3"}\n',
    );
  });

  it("lists name, lines, size and hash of its bytes", async () => {
    const part = new GzipPart();
    await writeLines(part, randomLines(100, 50));
    await writeLines(part, randomLines(20, 50));
    const { entry, body } = await part.finish(NAME);
    assert.deepEqual(entry, {
      name: NAME,
      users: 120,
      bytes: body.length,
      sha256: createHash("sha256").update(body).digest("hex"),
    });
  });

  it("is a valid file without any line", async () => {
    const part = new GzipPart();
    const { entry, body } = await part.finish(NAME);
    assert.equal(entry.users, 0);
    assert.equal(entry.bytes, body.length);
    assert.equal(gunzipSync(body).length, 0);
  });

  it("adds nothing for no lines", async () => {
    const part = new GzipPart();
    await writeLines(part, []);
    await writeLines(part, ["{}"]);
    await writeLines(part, []);
    const { entry, body } = await part.finish(NAME);
    assert.equal(entry.users, 1);
    assert.equal(gunzipSync(body).toString(), "{}\n");
  });

  it("counts its lines and its bytes while it is filled", async () => {
    const part = new GzipPart();
    assert.equal(part.users, 0);
    assert.equal(part.bytes, 0);
    await writeLines(part, randomLines(2000, 500));
    assert.equal(part.users, 2000);
    const { entry } = await part.finish(NAME);
    assert.ok(entry.bytes > 1_000_000);
    assert.equal(part.bytes, entry.bytes);
  });

  it("takes more than the compressor can hold, and lags behind by less than 100 kB", async () => {
    const part = new GzipPart();
    const hash = createHash("sha256");
    let writtenBytes = 0;
    for (let write = 0; write < 20; write++) {
      const lines = randomLines(1000, 500);
      await writeLines(part, lines);
      hash.update(`${lines.join("\n")}\n`);
      // Hexadecimal digits compress to half of their length, which is what the random bytes were.
      writtenBytes += 1000 * 500;
      assert.ok(part.bytes > writtenBytes - 100_000, `${part.bytes} of ${writtenBytes} bytes came out`);
    }
    const { entry, body } = await part.finish(NAME);
    assert.equal(entry.users, 20_000);
    assert.equal(createHash("sha256").update(gunzipSync(body)).digest("hex"), hash.digest("hex"));
  });

  it("takes one very long line", async () => {
    const part = new GzipPart();
    const [line = ""] = randomLines(1, 4_000_000);
    await writeLines(part, [line]);
    const { body } = await part.finish(NAME);
    assert.equal(gunzipSync(body).length, line.length + 1);
  });

  it("is a single gzip member from its first byte to its last", async () => {
    const part = new GzipPart();
    for (let write = 0; write < 5; write++) await writeLines(part, randomLines(200, 500));
    const { body } = await part.finish(NAME);
    assert.deepEqual([...body.subarray(0, 4)], [0x1f, 0x8b, 8, 0]);
    // Ten bytes of header without optional fields, the deflate stream, eight bytes of trailer.
    const { engine } = inflateRawSync(body.subarray(10), { info: true }) as unknown as {
      readonly engine: { readonly bytesWritten: number };
    };
    assert.equal(engine.bytesWritten, body.length - 18);
  });

  it("gives the same bytes for the same lines", async () => {
    const lines = randomLines(100, 50);
    const bodies = await Promise.all(
      [0, 1].map(async () => {
        const part = new GzipPart();
        await writeLines(part, lines);
        return (await part.finish(NAME)).body;
      }),
    );
    assert.deepEqual(bodies[0], bodies[1]);
  });
});
