import { createHash } from "node:crypto";
import { createGzip } from "node:zlib";

/** A part, as the manifest lists it. */
export interface PartEntry {
  /** Name in the run's folder. */
  readonly name: string;
  /** Users (lines) in it. */
  readonly users: number;
  /** Size of the blob, compressed. */
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the blob's bytes. */
  readonly sha256: string;
}

/**
 * A closed part: its entry in the manifest, and the blob.
 *
 * @internal
 */
export interface FinishedPart {
  readonly entry: PartEntry;
  readonly body: Buffer;
}

/**
 * A part that is being filled in memory.
 *
 * @internal
 */
export interface Part {
  /** Bytes of the blob so far, without those that the encoder still buffers. */
  readonly bytes: number;
  readonly users: number;
  /**
   * Adds users. Resolves when the part can take more and the memory of `lines` may be reused.
   *
   * @param lines JSON in UTF-8, one line for each user, each ended by a line feed
   * @param users how many lines there are
   */
  write(lines: Buffer, users: number): Promise<void>;
  /** Closes the part, which takes nothing more. */
  finish(name: string): Promise<FinishedPart>;
}

/** Compared with zlib's default, 6, this saves 4.5 µs of CPU a user (32 properties) and costs a quarter more bytes. */
const GZIP_LEVEL = 1;
/** Bytes that the compressor returns at a time. */
const CHUNK_BYTES = 2 ** 17;

/**
 * A part of JSON lines: compressed and hashed as they come.
 *
 * @internal
 */
export class GzipPart implements Part {
  readonly #gzip = createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES });
  readonly #hash = createHash("sha256");
  readonly #chunks: Buffer[] = [];
  readonly #compressed: Promise<void>;
  #bytes = 0;
  #users = 0;

  constructor() {
    this.#compressed = this.#collect();
    // A failure is reported by write or finish; neither may be waiting yet.
    this.#compressed.catch(() => undefined);
  }

  /** Compressed bytes so far, without those that zlib still buffers, which are fewer than 100 kB. */
  get bytes(): number {
    return this.#bytes;
  }

  get users(): number {
    return this.#users;
  }

  async write(lines: Buffer, users: number): Promise<void> {
    if (users === 0) return;
    this.#users += users;
    await new Promise<void>((resolve, reject) => {
      this.#gzip.write(lines, (error) => (error ? reject(error) : resolve()));
    });
  }

  async finish(name: string): Promise<FinishedPart> {
    this.#gzip.end();
    await this.#compressed;
    const entry = { name, users: this.#users, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    return { entry, body: Buffer.concat(this.#chunks) };
  }

  async #collect(): Promise<void> {
    for await (const chunk of this.#gzip as AsyncIterable<Buffer>) {
      this.#chunks.push(chunk);
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
    }
  }
}
