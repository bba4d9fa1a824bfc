import { createHash } from "node:crypto";
import { createGzip } from "node:zlib";

/** One part as the manifest lists it. */
export interface PartEntry {
  /** Name inside the run's folder. */
  readonly name: string;
  /** Users (lines) in it. */
  readonly users: number;
  /** Size of the blob, compressed. */
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the blob's bytes. */
  readonly sha256: string;
}

/** A part that is closed: what the manifest says of it, and the blob. */
export interface FinishedPart {
  readonly entry: PartEntry;
  readonly body: Buffer;
}

/** A part that is filled in memory. */
export interface Part {
  /** Bytes of the blob so far; what the encoder still holds back is not counted. */
  readonly bytes: number;
  readonly users: number;
  /**
   * Adds users; resolves when more can be taken, and the memory of `lines` may be used again.
   *
   * @param lines JSON in UTF-8, a line for each user, each ended by a line feed
   * @param users how many lines there are
   */
  write(lines: Buffer, users: number): Promise<void>;
  /** Ends the part, which takes nothing after that. */
  finish(name: string): Promise<FinishedPart>;
}

/** Measured on rows of 32 properties: 4.5 µs of CPU a user less than zlib's own choice, 6, for a quarter more bytes. */
const GZIP_LEVEL = 1;
/** What the compressor gives out at a time. */
const CHUNK_BYTES = 2 ** 17;

/** A part of JSON lines: compressed and hashed as they come. */
export class GzipPart implements Part {
  readonly #gzip = createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES });
  readonly #hash = createHash("sha256");
  readonly #chunks: Buffer[] = [];
  readonly #compressed: Promise<void>;
  #bytes = 0;
  #users = 0;

  constructor() {
    this.#compressed = this.#collect();
    // A failure is met by whoever writes or finishes; nobody may be waiting yet.
    this.#compressed.catch(() => undefined);
  }

  /** Compressed bytes so far. What zlib still holds back is not counted; it is less than 100 kB. */
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

  /** Ends the part. */
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
