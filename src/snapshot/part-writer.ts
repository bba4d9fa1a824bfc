import { SECOND } from "../clock.ts";
import type { Container } from "../storage/container.ts";
import { partName, type RunFolder } from "./layout.ts";
import { GzipPart, type PartEntry } from "./part.ts";

/**
 * Bytes, compressed, from which on a part is closed: some 100,000 users. Small enough that two of them, one being sent
 * and one being filled, fit a Function's memory; large enough for query engines to be happy with.
 */
export const MAX_PART_BYTES = 16 * 2 ** 20;

const DISCARD_WITHIN_MS = 10 * SECOND;

/** Content type of a part; the gzip is part of the content, as the blob's name says, not of its transport. */
const PART_TYPE = "application/x-ndjson";

/** Writes rows into parts of bounded size. Holds one part in memory and at most one more that is on its way. */
export class PartWriter {
  readonly #container: Container;
  readonly #folder: RunFolder;
  readonly #maxPartBytes: number;
  readonly #entries: PartEntry[] = [];
  /** Paths of the parts that are certainly our own. */
  readonly #written: string[] = [];
  #part = new GzipPart();
  #upload: Promise<void> = Promise.resolve();

  constructor(container: Container, folder: RunFolder, maxPartBytes: number = MAX_PART_BYTES) {
    this.#container = container;
    this.#folder = folder;
    this.#maxPartBytes = maxPartBytes;
  }

  /** Adds rows; waits when both parts in memory are full. */
  async write(lines: readonly string[]): Promise<void> {
    await this.#part.write(lines);
    if (this.#part.bytes >= this.#maxPartBytes) await this.#closePart();
  }

  /** Closes and sends the last part. A snapshot without users has one empty part, so that readers find a file. */
  async finish(): Promise<readonly PartEntry[]> {
    if (this.#part.users > 0 || this.#entries.length === 0) await this.#closePart();
    await this.#upload;
    return this.#entries;
  }

  /** Takes back what was written, for a listing that has to begin again or has failed; also after an abort. */
  async discard(): Promise<void> {
    // Settled first, or it would arrive after the deletion; whether it failed does not matter any more.
    await this.#upload.catch(() => undefined);
    const container = this.#container.withSignal(AbortSignal.timeout(DISCARD_WITHIN_MS));
    for (const path of this.#written) await container.remove(path);
  }

  async #closePart(): Promise<void> {
    const { entry, body } = await this.#part.finish(partName(this.#entries.length));
    this.#part = new GzipPart();
    this.#entries.push(entry);
    await this.#upload;
    const path = `${this.#folder.path}/${entry.name}`;
    this.#upload = this.#send(path, body);
    // Met by the next write, or by finish.
    this.#upload.catch(() => undefined);
  }

  async #send(path: string, body: Buffer): Promise<void> {
    if (await this.#container.putOnce({ path, body, contentType: PART_TYPE })) this.#written.push(path);
  }
}
