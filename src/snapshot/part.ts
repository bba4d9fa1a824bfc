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

/** A part that is filled in memory: compressed and hashed as the lines come. */
export class GzipPart {
  readonly #gzip = createGzip();
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

  /**
   * Adds lines; resolves when the compressor can take more.
   *
   * @param lines byte strings, as {@link UserRow.line} is
   */
  async write(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    this.#users += lines.length;
    if (this.#gzip.write(Buffer.from(`${lines.join("\n")}\n`, "latin1"))) return;
    await new Promise<void>((resolve, reject) => {
      this.#gzip.once("drain", resolve);
      this.#compressed.then(resolve, reject);
    });
  }

  /** Ends the part. */
  async finish(name: string): Promise<{ readonly entry: PartEntry; readonly body: Buffer }> {
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
