import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { checkFormatPart } from "../../src/archive/format-check.ts";
import { RollcallError } from "../../src/error.ts";
import { openFormats } from "../../src/formats/extra-format.ts";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import type { Storage } from "../../src/sandbox/storage.ts";
import { FINGERPRINT_BYTES } from "../../src/snapshot/fingerprints.ts";
import { formatContradictions, formatPartsOf, partsOfAllFormats } from "../../src/snapshot/format-parts.ts";
import { type RunFolder, runFolder } from "../../src/snapshot/layout.ts";
import type { FormatParts } from "../../src/snapshot/manifest.ts";
import type { PartEntry } from "../../src/snapshot/part.ts";
import { partLines } from "../../src/snapshot/part-reader.ts";
import { SnapshotWriter } from "../../src/snapshot/snapshot-writer.ts";
import { Container } from "../../src/storage/container.ts";
import { idOf, linesOf } from "../formats/people.ts";
import { sharedTls, startSharedStorage } from "../support/shared-storage.ts";

const USERS = 4500;
const PROPERTIES = ["id", "displayName"];
const MAX_PART_BYTES = 100_000;

let storage: Storage;
let containers = 0;

before(async () => {
  const tls = await sharedTls();
  trustSandbox(tls);
  storage = await startSharedStorage();
});
after(() => storage[Symbol.asyncDispose]());

/** A folder in a container of its own. */
async function openFolder() {
  const service = BlobServiceClient.fromConnectionString(storage.connectionString);
  const client: ContainerClient = service.getContainerClient(`written-${++containers}`);
  await client.create();
  const folder: RunFolder = runFolder(idOf(1), new Date());
  const container = new Container(client, new AbortController().signal);
  const names = async () => {
    const found: string[] = [];
    for await (const { name } of client.listBlobsFlat()) found.push(name.slice(folder.path.length + 1));
    return found;
  };
  return { client, container, folder, names };
}

async function writeUsers(writer: SnapshotWriter): Promise<void> {
  for (let first = 0; first < USERS; first += 500) {
    // Names that hardly compress.
    const users = Array.from({ length: 500 }, (_, at) => ({
      id: idOf(first + at),
      displayName: Buffer.from(Array.from({ length: 30 }, () => Math.random() * 256)).toString("hex"),
    }));
    await writer.write(linesOf(users), users.length, Buffer.alloc(FINGERPRINT_BYTES * users.length));
  }
}

async function writeAll() {
  const opened = await openFolder();
  const formats = await openFormats(["ndjson", "csv", "parquet"], PROPERTIES);
  const writer = new SnapshotWriter({ ...opened, maxPartBytes: MAX_PART_BYTES }, formats);
  await writeUsers(writer);
  return { ...opened, written: await writer.finish() };
}

function usersIn(parts: readonly PartEntry[] | undefined): number {
  return (parts ?? []).reduce((sum, { users }) => sum + users, 0);
}

describe("SnapshotWriter", () => {
  it("writes the same users in each format, in parts of bounded size", async () => {
    const { container, folder, client, names, written } = await writeAll();
    const { parts, formats } = written;
    for (const entries of [parts, formats?.csv, formats?.parquet]) assert.equal(usersIn(entries), USERS);
    assert.ok(parts.length > 1 && (formats?.csv?.length ?? 0) > 1);
    // A row group of Parquet is whole: 4500 users are one.
    assert.equal(formats?.parquet?.length, 1);
    assert.ok((formats?.csv ?? []).every(({ bytes }) => bytes < 2 * MAX_PART_BYTES));
    const all = [...partsOfAllFormats(written), ...written.fingerprints].map(({ name }) => name);
    assert.deepEqual(await names(), all.toSorted());
    assert.deepEqual(all.slice(0, 2), ["users-00000.ndjson.gz", "users-00001.ndjson.gz"]);
    assert.ok(all.includes("users-00001.csv") && all.includes("users-00000.parquet"));

    const typeOf = async (name: string) =>
      (await client.getBlobClient(`${folder.path}/${name}`).getProperties()).contentType;
    assert.equal(await typeOf("users-00000.csv"), "text/csv; charset=utf-8");
    assert.equal(await typeOf("users-00000.parquet"), "application/vnd.apache.parquet");
    assert.equal(await typeOf("users-00000.ndjson.gz"), "application/x-ndjson");

    assert.deepEqual(formatContradictions(written), []);
    for (const { format, part } of formatPartsOf(written))
      await checkFormatPart(container, folder, format, part);
    let lines = 0;
    for (const part of parts)
      for await (const some of partLines(container, folder, part)) lines += some.length;
    assert.equal(lines, USERS);
  });

  it("names no formats where there are none", async () => {
    const { container, folder, names } = await openFolder();
    const writer = new SnapshotWriter({ container, folder }, await openFormats(["ndjson"], PROPERTIES));
    await writeUsers(writer);
    const { parts, formats, fingerprints } = await writer.finish();
    assert.equal(formats, undefined);
    assert.deepEqual(
      await names(),
      [...fingerprints, ...parts].map(({ name }) => name),
    );
  });

  it("takes back the parts of all formats", async () => {
    const { container, folder, names } = await openFolder();
    const formats = await openFormats(["ndjson", "csv", "parquet"], PROPERTIES);
    const writer = new SnapshotWriter({ container, folder, maxPartBytes: MAX_PART_BYTES }, formats);
    await writeUsers(writer);
    assert.ok((await names()).length > 0);
    await writer.discard();
    assert.deepEqual(await names(), []);
  });

  it("fails as a whole when one format cannot be written", async () => {
    const { client, container, folder } = await openFolder();
    await client.getBlockBlobClient(`${folder.path}/users-00000.csv`).upload("foreign", 7);
    const writer = new SnapshotWriter({ container, folder }, await openFormats(["csv"], PROPERTIES));
    await writeUsers(writer);
    await assert.rejects(
      writer.finish(),
      (error: unknown) => error instanceof RollcallError && error.code === "snapshot-exists",
    );
  });
});

describe("checkFormatPart", () => {
  it("finds a part that is missing, changed, cut, or holds other users than its entry says", async () => {
    const { client, container, folder, written } = await writeAll();
    for (const { format, part } of formatPartsOf(written).filter(({ part }) => part.name.includes("00000"))) {
      const check = (entry: PartEntry) => checkFormatPart(container, folder, format, entry);
      const blob = client.getBlockBlobClient(`${folder.path}/${part.name}`);
      const says = (problem: RegExp) => (error: unknown) =>
        error instanceof RollcallError &&
        error.code === "snapshot-damaged" &&
        error.doing.includes(part.name) &&
        problem.test(error.problem);
      await assert.rejects(check({ ...part, users: part.users - 1 }), says(/users; the manifest says/));
      const body = await blob.downloadToBuffer();
      body[body.length >> 1] = 1 + (body[body.length >> 1] ?? 0);
      await blob.uploadData(body);
      await assert.rejects(check(part), says(/SHA-256/));
      await blob.uploadData(body.subarray(1));
      await assert.rejects(check(part), says(/bytes/));
      await blob.delete();
      await assert.rejects(check(part), says(/missing/));
    }
  });

  it("finds a file that is of no such format, though its hash agrees", async () => {
    const { container, folder } = await openFolder();
    const { createHash } = await import("node:crypto");
    const body = Buffer.from("neither this nor that");
    const sha256 = createHash("sha256").update(body).digest("hex");
    for (const format of ["csv", "parquet"] as const) {
      const name = `users-00000.${format}`;
      await container.putOnce({ path: `${folder.path}/${name}`, body, contentType: "text/plain" });
      await assert.rejects(
        checkFormatPart(container, folder, format, { name, users: 1, bytes: body.length, sha256 }),
        new RegExp(`not a whole ${format} file`),
      );
    }
  });
});

describe("formatContradictions", () => {
  const part = (name: string, users: number): PartEntry => ({ name, users, bytes: 1, sha256: "" });
  const parts = [part("users-00000.ndjson.gz", 5)];
  const problems = (formats: FormatParts) => formatContradictions({ parts, formats });

  it("finds other users, wrong names and wrong orders", () => {
    assert.deepEqual(formatContradictions({ parts }), []);
    assert.deepEqual(problems({ csv: [part("users-00000.csv", 2), part("users-00001.csv", 3)] }), []);
    assert.match(String(problems({ csv: [part("users-00000.csv", 4)] })), /csv parts add up to 4 users/);
    assert.match(String(problems({ parquet: [] })), /parquet parts add up to 0 users/);
    assert.match(
      String(problems({ parquet: [part("users-00000.csv", 5)] })),
      /names its parquet parts wrongly/,
    );
    const swapped = [part("users-00001.csv", 2), part("users-00000.csv", 3)];
    assert.match(String(problems({ csv: swapped })), /names its csv parts wrongly/);
  });
});
