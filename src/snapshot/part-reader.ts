import { isUtf8 } from "node:buffer";
import { createGunzip } from "node:zlib";
import { RollcallError } from "../error.ts";
import { releaseBody } from "../http/gunzip.ts";
import { MAX_LINE_BYTES, MAX_PART_CONTENT_BYTES } from "../rows/line-limit.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { RunFolder } from "./layout.ts";
import type { PartEntry } from "./part.ts";
import { readBody } from "./part-body.ts";
import type { PartsAhead } from "./parts-ahead.ts";

/** Bytes that are decompressed at a time. */
const CHUNK_BYTES = 2 ** 19;
const LINE_FEED = 0x0a;

/** How the lines of a part are read. */
export interface PartLinesOptions {
  /** The longest line that is accepted. */
  readonly maxLineBytes?: number;
  /** Reads the part ahead; absent: it is read when it is asked for. */
  readonly ahead?: PartsAhead | undefined;
}

/**
 * The lines of a part, some hundred at a time, each a user as JSON without its line break.
 *
 * The whole part is read into memory, compressed, and verified before its first line is yielded. Leaving the loop early
 * ends the reading; so does the container's signal, at the next chunk. No more is decompressed than a part may hold.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob; for too few lines, only after the last of them
 */
export async function* partLines(
  container: Container,
  folder: RunFolder,
  part: PartEntry,
  { maxLineBytes = MAX_LINE_BYTES, ahead }: PartLinesOptions = {},
): AsyncGenerator<readonly string[], void, undefined> {
  const path = `${folder.path}/${part.name}`;
  const body = await (ahead?.take(part) ?? readBody(container, path, part));
  const { signal } = container;
  let users = 0;
  for await (const lines of decode(decompressed(body, path, signal, maxLineBytes), path, signal)) {
    users += lines.length;
    if (users > part.users) throw tooManyLines(path, part);
    yield lines;
  }
  if (users !== part.users) throw tooFewLines(path, part, users);
}

/**
 * The same lines as bytes, which takes a third of the time: blocks of whole lines, each ended by a line feed. A block is valid
 * until the next is asked for.
 *
 * @throws {RollcallError} as {@link partLines}
 */
export async function* partBlocks(
  container: Container,
  folder: RunFolder,
  part: PartEntry,
  ahead?: PartsAhead,
): AsyncGenerator<Buffer, void, undefined> {
  const path = `${folder.path}/${part.name}`;
  const body = await (ahead?.take(part) ?? readBody(container, path, part));
  let begun: Buffer = Buffer.alloc(0);
  let lines = 0;
  try {
    for await (const chunk of decompressed(body, path, container.signal, MAX_LINE_BYTES)) {
      lines += linesIn(chunk);
      if (lines > part.users) throw tooManyLines(path, part);
      const first = chunk.indexOf(LINE_FEED) + 1;
      if (first === 0) {
        begun = Buffer.concat([begun, chunk]);
        continue;
      }
      // Copies only the line that two chunks share.
      yield asText(Buffer.concat([begun, chunk.subarray(0, first)]), path);
      const last = chunk.lastIndexOf(LINE_FEED) + 1;
      if (last > first) yield asText(chunk.subarray(first, last), path);
      // A copy: the chunk is not valid for longer than this turn.
      begun = Buffer.from(chunk.subarray(last));
    }
  } catch (error) {
    throw asDamage(error, path, container.signal);
  }
  if (begun.length > 0) throw new SnapshotDamaged(path, "its last line is cut");
  if (lines !== part.users) throw tooFewLines(path, part, lines);
}

async function* decode(
  content: AsyncIterable<Buffer>,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let begun = "";
  try {
    for await (const chunk of content) {
      const lines = (begun + decoder.decode(chunk, { stream: true })).split("\n");
      begun = lines.pop() ?? "";
      if (lines.length > 0) yield lines;
    }
    decoder.decode();
  } catch (error) {
    throw asDamage(error, path, signal);
  }
  if (begun !== "") throw new SnapshotDamaged(path, "its last line is cut");
}

/**
 * Decompresses a part, a chunk at a time, and stops at anything that no part may hold: a megabyte of gzip can hold a
 * gigabyte of nothing.
 */
async function* decompressed(
  body: Buffer,
  path: string,
  signal: AbortSignal,
  maxLineBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  let begun = 0;
  for await (const chunk of chunksOf(body)) {
    signal.throwIfAborted();
    bytes += chunk.length;
    if (bytes > MAX_PART_CONTENT_BYTES) {
      throw new SnapshotDamaged(
        path,
        `it holds more than the ${MAX_PART_CONTENT_BYTES} bytes that a part may hold`,
      );
    }
    // A chunk is shorter than any limit, so only a line that spans chunks can be too long.
    const first = chunk.indexOf(LINE_FEED);
    begun += first < 0 ? chunk.length : first;
    if (begun > maxLineBytes)
      throw new SnapshotDamaged(path, `one of its lines is longer than ${maxLineBytes} bytes`);
    if (first >= 0) begun = chunk.length - 1 - chunk.lastIndexOf(LINE_FEED);
    yield chunk;
  }
}

/**
 * What a part holds, in chunks; each is valid until the next is asked for. Their memory is freed as soon as it is read:
 * left to the garbage collector, chunks took twice the time of unpacking a part as a whole, which in turn takes 14 MB a part.
 */
async function* chunksOf(body: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip({ chunkSize: CHUNK_BYTES });
  stream.end(body);
  let previous: Buffer | undefined;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    // What comes next may follow in the same memory.
    if (previous && previous.buffer !== chunk.buffer) releaseBody(previous);
    previous = chunk;
    yield chunk;
  }
  // Only here: while zlib is at work, as it may be when the reader leaves early, it still reads or writes there.
  if (previous) releaseBody(previous);
  releaseBody(body);
}

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}

/** A block of whole lines, which is UTF-8 if each of them is. */
function asText(block: Buffer, path: string): Buffer {
  if (!isUtf8(block)) throw new SnapshotDamaged(path, "one of its lines is not UTF-8");
  return block;
}

function tooFewLines(path: string, { users }: PartEntry, lines: number): RollcallError {
  return new SnapshotDamaged(path, `it has ${lines} lines; the manifest says ${users}`);
}

function tooManyLines(path: string, { users }: PartEntry): RollcallError {
  return new SnapshotDamaged(path, `it has more lines than the ${users} that the manifest says`);
}

/** Turns errors of zlib and of the decoder, which have a code, into damage; but not the signal's reason, which may have one. */
function asDamage(error: unknown, path: string, { reason }: AbortSignal): unknown {
  if (error === reason || error instanceof RollcallError) return error;
  if (!(error instanceof Error && "code" in error)) return error;
  return new SnapshotDamaged(path, `it is not gzip of UTF-8 text to its end (${error.code})`);
}
