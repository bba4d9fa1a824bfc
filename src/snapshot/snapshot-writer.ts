import { FINGERPRINTS, MAX_FINGERPRINT_PART_BYTES } from "./fingerprints.ts";
import type { FormatParts } from "./manifest.ts";
import type { PartEntry } from "./part.ts";
import { type ExtraFormat, PartWriter } from "./part-writer.ts";
import type { Run } from "./run.ts";

/** The parts of a snapshot, all sent. */
export interface WrittenParts {
  /** The JSON lines. */
  readonly parts: readonly PartEntry[];
  /** The same users in other formats; `undefined` if there are none. */
  readonly formats: FormatParts | undefined;
  /** An id and a digest of each user. */
  readonly fingerprints: readonly PartEntry[];
}

/**
 * Writes users in all formats of a run side by side, with the memory of one {@link PartWriter} for each. If one format
 * fails, all fail: no snapshot lacks a format.
 */
export class SnapshotWriter {
  readonly #lines: PartWriter;
  readonly #fingerprints: PartWriter;
  readonly #onLines: ((lines: Buffer) => void) | undefined;
  readonly #extras: readonly { readonly name: ExtraFormat["name"]; readonly writer: PartWriter }[];

  /**
   * @param formats besides the JSON lines, see `openFormats`
   * @param onLines is given all lines, each user's once; they are not valid for longer than the call
   */
  constructor(
    { container, folder, maxPartBytes }: Pick<Run, "container" | "folder" | "maxPartBytes">,
    formats: readonly ExtraFormat[],
    onLines?: (lines: Buffer) => void,
  ) {
    this.#onLines = onLines;
    this.#lines = new PartWriter(container, folder, maxPartBytes);
    const fingerprintBytes = maxPartBytes ?? MAX_FINGERPRINT_PART_BYTES;
    this.#fingerprints = new PartWriter(container, folder, fingerprintBytes, FINGERPRINTS);
    this.#extras = formats.map((format) => ({
      name: format.name,
      writer: new PartWriter(container, folder, maxPartBytes ?? format.maxPartBytes, format.kind),
    }));
  }

  /**
   * Adds users; waits until each format can take more.
   *
   * @param fingerprints of the same users, see {@link fingerprintBytes}; kept
   */
  async write(lines: Buffer, users: number, fingerprints: Buffer): Promise<void> {
    this.#onLines?.(lines);
    await Promise.all([
      this.#lines.write(lines, users),
      this.#fingerprints.write(fingerprints, users),
      ...this.#extras.map(({ writer }) => writer.write(lines, users)),
    ]);
  }

  /** Closes and sends the last part of each format. */
  async finish(): Promise<WrittenParts> {
    const written = await Promise.all(this.#writers().map((writer) => writer.finish()));
    const [parts = [], fingerprints = [], ...extras] = written;
    const named = this.#extras.map(({ name }, at) => [name, extras[at]] as const);
    return { parts, formats: named.length === 0 ? undefined : Object.fromEntries(named), fingerprints };
  }

  /** Deletes what was written, as {@link PartWriter.discard} does. A failure of one format does not stop the others. */
  async discard(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#writers().map((writer) => writer.discard()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }

  #writers(): readonly PartWriter[] {
    return [this.#lines, this.#fingerprints, ...this.#extras.map(({ writer }) => writer)];
  }
}
