import { releaseBody } from "../http/gunzip.ts";
import { MAX_PART_CONTENT_BYTES } from "../rows/line-limit.ts";
import type { ExtraFormatName } from "../settings/format-name.ts";
import type { Container } from "../storage/container.ts";
import { partName, type RunFolder } from "./layout.ts";
import { GzipPart, type Part, type PartEntry } from "./part.ts";

/**
 * A part is closed when it has this many compressed bytes: about 13,000 users. Two parts, one being sent and one being
 * filled, fit a Function's memory, and the size suits query engines.
 */
export const MAX_PART_BYTES = 2 * 2 ** 20;

/**
 * A gzip part is closed when it has this many bytes of lines, however well they compress: far below the
 * `MAX_PART_CONTENT_BYTES` that readers accept.
 */
export const MAX_GZIP_CONTENT_BYTES = 64 * 2 ** 20;

/** Parallel deletions: a run that was told to stop has only seconds for all of them. */
const DISCARDS_AT_A_TIME = 8;

/** The kind of parts that a {@link PartWriter} writes. */
export interface PartKind {
  /** The name of a part in the run's folder. */
  readonly nameOf: (index: number) => string;
  readonly contentType: string;
  /** A part is closed when it has this many bytes of lines before encoding. No part exceeds what readers accept. */
  readonly maxContentBytes: number;
  /** Opens an empty part. */
  readonly openPart: () => Part;
}

/** A format that a run writes in addition to JSON lines. */
export interface ExtraFormat {
  readonly name: ExtraFormatName;
  readonly kind: PartKind;
  /** A part is closed when it has this many bytes. */
  readonly maxPartBytes: number;
}

/** The users as JSON lines, which every snapshot has. */
const USER_LINES: PartKind = {
  nameOf: (index) => partName(index),
  // Gzip is part of the blob, as its name says; there is no Content-Encoding.
  contentType: "application/x-ndjson",
  maxContentBytes: MAX_GZIP_CONTENT_BYTES,
  openPart: () => new GzipPart(),
};

/** Writes lines into parts of limited size. Holds one part in memory, and at most one more that is being sent. */
export class PartWriter {
  readonly #container: Container;
  readonly #folder: RunFolder;
  readonly #maxPartBytes: number;
  readonly #kind: PartKind;
  readonly #entries: PartEntry[] = [];
  /** Paths of the parts that were sent, even if it is not known whether they arrived. */
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

  /** Adds lines, as {@link Part.write} takes them; waits if both parts in memory are full. */
  async write(lines: Buffer, users: number): Promise<void> {
    // A large page must not push a nearly full part beyond what readers accept.
    if (this.#content > 0 && this.#content + lines.length > MAX_PART_CONTENT_BYTES) await this.#closePart();
    await this.#part.write(lines, users);
    this.#content += lines.length;
    const isFull = this.#part.bytes >= this.#maxPartBytes || this.#content >= this.#kind.maxContentBytes;
    if (isFull) await this.#closePart();
  }

  /** Closes and sends the last part. If there are no users, writes one empty part, so that readers find a file. */
  async finish(): Promise<readonly PartEntry[]> {
    if (this.#part.users > 0 || this.#entries.length === 0) await this.#closePart();
    await this.#upload;
    return this.#entries;
  }

  /** Deletes what was written, after a listing that failed or must start again; works after an abort too. */
  async discard(): Promise<void> {
    // Wait for the upload first, or it could arrive after the deletion. Whether it failed no longer matters.
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
    // A failure is reported by the next write, or by finish.
    this.#upload.catch(() => undefined);
  }

  async #send(path: string, body: Buffer): Promise<void> {
    const { contentType } = this.#kind;
    this.#sent.push(path);
    await this.#container.putOnce({ path, body, contentType });
    releaseBody(body);
  }
}
