import { RollcallError } from "../error.ts";
import { releaseBody } from "../http/exchange.ts";
import type { Container, Upload } from "../storage/container.ts";
import { partName, type RunFolder } from "./layout.ts";
import { GzipPart, type Part, type PartEntry } from "./part.ts";

/**
 * Bytes, compressed, from which on a part is closed: some 13,000 users. Small enough that two of them, one being sent
 * and one being filled, fit a Function's memory; large enough for query engines to be happy with.
 */
export const MAX_PART_BYTES = 2 * 2 ** 20;

/** Deletions at the same time: a run that was told to stop has seconds for all of them. */
const DISCARDS_AT_A_TIME = 8;

/** What the parts of a {@link PartWriter} are. */
export interface PartKind {
  /** The name of a part in the run's folder. */
  readonly nameOf: (index: number) => string;
  readonly contentType: string;
  /** Opens an empty part. */
  readonly openPart: () => Part;
}

/** The users as JSON lines, which each snapshot has. */
const USER_LINES: PartKind = {
  nameOf: (index) => partName(index),
  // The gzip is part of the content, as the blob's name says, not of its transport.
  contentType: "application/x-ndjson",
  openPart: () => new GzipPart(),
};

/** Writes rows into parts of bounded size. Holds one part in memory and at most one more that is on its way. */
export class PartWriter {
  readonly #container: Container;
  readonly #folder: RunFolder;
  readonly #maxPartBytes: number;
  readonly #kind: PartKind;
  readonly #entries: PartEntry[] = [];
  /** Paths of the parts that are certainly our own. */
  readonly #written: string[] = [];
  /** A part whose write was broken off: the storage may have it or not. */
  #doubtful: Upload | undefined;
  #part: Part;
  #upload: Promise<void> = Promise.resolve();

  constructor(
    container: Container,
    folder: RunFolder,
    maxPartBytes: number = MAX_PART_BYTES,
    kind: PartKind = USER_LINES,
  ) {
    this.#container = container;
    this.#folder = folder;
    this.#maxPartBytes = maxPartBytes;
    this.#kind = kind;
    this.#part = kind.openPart();
  }

  /** Adds rows, as {@link Part.write} takes them; waits when both parts in memory are full. */
  async write(lines: Buffer, users: number): Promise<void> {
    await this.#part.write(lines, users);
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
    const container = this.#container.forCleaningUp();
    const { path, body } = this.#doubtful ?? {};
    const paths = this.#written.values();
    const removeSome = async () => {
      for (const path of paths) await container.remove(path);
    };
    const removals = Array.from({ length: DISCARDS_AT_A_TIME }, removeSome);
    const outcomes = await Promise.allSettled([
      ...removals,
      path !== undefined && body !== undefined ? container.removeIfSame(path, body) : undefined,
    ]);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #closePart(): Promise<void> {
    const { entry, body } = await this.#part.finish(this.#kind.nameOf(this.#entries.length));
    this.#part = this.#kind.openPart();
    this.#entries.push(entry);
    await this.#upload;
    const path = `${this.#folder.path}/${entry.name}`;
    this.#upload = this.#send(path, body);
    // Met by the next write, or by finish.
    this.#upload.catch(() => undefined);
  }

  async #send(path: string, body: Buffer): Promise<void> {
    const upload = { path, body, contentType: this.#kind.contentType };
    try {
      if (await this.#container.putOnce(upload)) this.#written.push(path);
    } catch (error) {
      const isTaken = error instanceof RollcallError && error.code === "snapshot-exists";
      if (!isTaken) this.#doubtful = upload;
      throw error;
    }
    releaseBody(body);
  }
}
