import { createGunzip } from "node:zlib";
import type { Container } from "../storage/container.ts";
import type { RunFolder } from "./layout.ts";
import { damaged, sha256Of } from "./manifest.ts";
import type { PartEntry } from "./part.ts";

/** Decompressed bytes that are handed out at a time. */
const CHUNK_BYTES = 256 * 2 ** 10;

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
  const blob = await container.read(path);
  if (!blob) throw damaged(path, "the blob is missing");
  const { length } = blob.body;
  if (length !== part.bytes)
    throw damaged(path, `the blob has ${length} bytes; the manifest says ${part.bytes}`);
  if (sha256Of(blob.body) !== part.sha256) throw damaged(path, "its SHA-256 is not the one in the manifest");

  let users = 0;
  for await (const lines of decode(blob.body, path)) {
    users += lines.length;
    yield lines;
  }
  if (users !== part.users) throw damaged(path, `it has ${users} lines; the manifest says ${part.users}`);
}

async function* decode(body: Buffer, path: string): AsyncGenerator<string[], void, undefined> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  gunzip.end(body);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let begun = "";
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
      begun = lines.pop() ?? "";
      if (lines.length > 0) yield lines;
    }
    decoder.decode();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw damaged(path, `it is not gzip of UTF-8 text to its end (${error.code})`);
  }
  if (begun !== "") throw damaged(path, "its last line is cut");
}
