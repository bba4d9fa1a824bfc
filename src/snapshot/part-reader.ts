import { createGunzip } from "node:zlib";
import type { Container } from "../storage/container.ts";
import type { RunFolder } from "./layout.ts";
import { damaged, sha256Of } from "./manifest.ts";
import type { PartEntry } from "./part.ts";

/** Decompressed bytes that are handed out at a time. */
const CHUNK_BYTES = 256 * 2 ** 10;
const LINE_FEED = 0x0a;

/**
 * The lines of a part, some hundred at a time, each a user as JSON without its line break.
 *
 * The part is in memory as a whole, compressed, before its first line comes: none is handed out of a blob that is not
 * the one in the manifest. Leaving the loop early ends the reading.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob; for a wrong number of lines behind the last of them
 */
export async function* partLines(
  container: Container,
  folder: RunFolder,
  part: PartEntry,
): AsyncGenerator<readonly string[], void, undefined> {
  const path = `${folder.path}/${part.name}`;
  const body = await readBody(container, path, part);
  let users = 0;
  for await (const lines of decode(body, path)) {
    users += lines.length;
    yield lines;
  }
  if (users !== part.users) throw damaged(path, `it has ${users} lines; the manifest says ${part.users}`);
}

/**
 * The same lines as bytes, for who looks at a few of them only: blocks of whole lines, each line ended by a line feed.
 *
 * @throws {RollcallError} as {@link partLines}, but for lines that are not UTF-8
 */
export async function* partBlocks(
  container: Container,
  folder: RunFolder,
  part: PartEntry,
): AsyncGenerator<Buffer, void, undefined> {
  const path = `${folder.path}/${part.name}`;
  const body = await readBody(container, path, part);
  let begun: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of gunzip(body)) {
      const first = chunk.indexOf(LINE_FEED) + 1;
      if (first === 0) {
        begun = Buffer.concat([begun, chunk]);
        continue;
      }
      // Only the line that two chunks share is copied.
      yield Buffer.concat([begun, chunk.subarray(0, first)]);
      const last = chunk.lastIndexOf(LINE_FEED) + 1;
      if (last > first) yield chunk.subarray(first, last);
      begun = chunk.subarray(last);
    }
  } catch (error) {
    throw asDamage(error, path);
  }
  if (begun.length > 0) throw damaged(path, "its last line is cut");
}

/** A part's blob, once it is known to be the one in the manifest. */
export async function readBody(container: Container, path: string, part: PartEntry): Promise<Buffer> {
  const blob = await container.read(path);
  if (!blob) throw damaged(path, "the blob is missing");
  const { length } = blob.body;
  if (length !== part.bytes)
    throw damaged(path, `the blob has ${length} bytes; the manifest says ${part.bytes}`);
  if (sha256Of(blob.body) !== part.sha256) throw damaged(path, "its SHA-256 is not the one in the manifest");
  return blob.body;
}

async function* decode(body: Buffer, path: string): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let begun = "";
  try {
    for await (const chunk of gunzip(body)) {
      const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
      begun = lines.pop() ?? "";
      if (lines.length > 0) yield lines;
    }
    decoder.decode();
  } catch (error) {
    throw asDamage(error, path);
  }
  if (begun !== "") throw damaged(path, "its last line is cut");
}

function gunzip(body: Buffer): AsyncIterable<Buffer> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  stream.end(body);
  return stream;
}

/** Errors of zlib and of the decoder have a code. */
function asDamage(error: unknown, path: string): unknown {
  if (!(error instanceof Error && "code" in error)) return error;
  return damaged(path, `it is not gzip of UTF-8 text to its end (${error.code})`);
}
