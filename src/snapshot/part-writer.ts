import { releaseBody } from "../http/http-client.ts";
import { MAX_PART_CONTENT_BYTES } from "../rows/line-limit.ts";
import type { ExtraFormatName } from "../settings/format-name.ts";
import type { Container } from "../storage/container.ts";
import { partName, type RunFolder } from "./layout.ts";
import { GzipPart, type Part, type PartEntry } from "./part.ts";

/**
 * Bytes, compressed, from which on a part is closed: some 13,000 users. Small enough that two of them, one being sent
 * and one being filled, fit a Function's memory; large enough for query engines to be happy with.
 */
export const MAX_PART_BYTES = 2 * 2 ** 20;

/**
 * Bytes of lines from which on a part of gzip is closed, however well it compresses: far below what readers unpack,
 * `MAX_PART_CONTENT_BYTES`.
 */
export const MAX_GZIP_CONTENT_BYTES = 64 * 2 ** 20;

/** Deletions at the same time: a run that was told to stop has seconds for all of them. */
const DISCARDS_AT_A_TIME = 8;

/** What the parts of a {@link PartWriter} are. */
export interface PartKind {
  /** The name of a part in the run's folder. */
  readonly nameOf: (index: number) => string;
  readonly contentType: string;
  /** Bytes of lines, before they are encoded, from which on a part is closed; no part holds more than readers take. */
  readonly maxContentBytes: number;
  /** Opens an empty part. */
  readonly openPart: () => Part;
}

/** A format that a run writes besides its JSON lines, ready to encode. */
export interface ExtraFormat {
  readonly name: ExtraFormatName;
  readonly kind: PartKind;
  /** A part is closed when it has this many bytes. */
  readonly maxPartBytes: number;
}

/** The users as JSON lines, which each snapshot has. */
const USER_LINES: PartKind = {
  nameOf: (index) => partName(index),
  // The gzip is part of the content, as the blob's name says, not of its transport.
  contentType: "application/x-ndjson",
  maxContentBytes: MAX_GZIP_CONTENT_BYTES,
  openPart: () => new GzipPart(),
};

/** Writes rows into parts of bounded size. Holds one part in memory and at most one more that is on its way. */
export class PartWriter {
  readonly #container: Container;
  readonly #folder: RunFolder;
  readonly #maxPartBytes: number;
  readonly #kind: PartKind;
  readonly #entries: PartEntry[] = [];
  /** Paths of the parts that were sent, also of those of which it is not known whether they arrived. */
  readonly #sent: string[] = [];
  #part: Part;
  /** Bytes of the lines in the part, before they were encoded. */
  #content = 0;
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
    // However large a page is that comes when a part is nearly full, readers take the part.
    if (this.#content > 0 && this.#content + lines.length > MAX_PART_CONTENT_BYTES) await this.#closePart();
    await this.#part.write(lines, users);
    this.#content += lines.length;
    const isFull = this.#part.bytes >= this.#maxPartBytes || this.#content >= this.#kind.maxContentBytes;
    if (isFull) await this.#closePart();
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
    const paths = this.#sent.values();
    const removeSome = async () => {
      for (const path of paths) await container.removeOwn(path);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: DISCARDS_AT_A_TIME }, removeSome));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #closePart(): Promise<void> {
    const { entry, body } = await this.#part.finish(this.#kind.nameOf(this.#entries.length));
    this.#part = this.#kind.openPart();
    this.#content = 0;
    this.#entries.push(entry);
    await this.#upload;
    const path = `${this.#folder.path}/${entry.name}`;
    this.#upload = this.#send(path, body);
    // Met by the next write, or by finish.
    this.#upload.catch(() => undefined);
  }

  async #send(path: string, body: Buffer): Promise<void> {
    const { contentType } = this.#kind;
    this.#sent.push(path);
    await this.#container.putOnce({ path, body, contentType });
    releaseBody(body);
  }
}
