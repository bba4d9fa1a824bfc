import type { Container } from "../storage/container.ts";
import type { RunFolder } from "./layout.ts";
import type { FormatParts } from "./manifest.ts";
import type { PartEntry } from "./part.ts";
import { type ExtraFormat, PartWriter } from "./part-writer.ts";

/** The parts of a snapshot, all sent. */
export interface WrittenParts {
  /** The JSON lines. */
  readonly parts: readonly PartEntry[];
  /** The same users in other formats; `undefined` if there are none. */
  readonly formats: FormatParts | undefined;
}

/**
 * Writes users in all formats of a run side by side, with the memory of one {@link PartWriter} for each. If one format
 * fails, all fail: no snapshot lacks a format.
 */
export class SnapshotWriter {
  readonly #lines: PartWriter;
  readonly #extras: readonly { readonly name: ExtraFormat["name"]; readonly writer: PartWriter }[];

  /**
   * @param formats in addition to JSON lines, see `openFormats`
   * @param maxPartBytes a part of any format is closed when it has this many bytes; absent: each format's own limit
   */
  constructor(
    container: Container,
    folder: RunFolder,
    formats: readonly ExtraFormat[],
    maxPartBytes?: number | undefined,
  ) {
    this.#lines = new PartWriter(container, folder, maxPartBytes);
    this.#extras = formats.map((format) => ({
      name: format.name,
      writer: new PartWriter(container, folder, maxPartBytes ?? format.maxPartBytes, format.kind),
    }));
  }

  /** Adds users; waits until each format can take more. */
  async write(lines: Buffer, users: number): Promise<void> {
    await Promise.all(this.#writers().map((writer) => writer.write(lines, users)));
  }

  /** Closes and sends the last part of each format. */
  async finish(): Promise<WrittenParts> {
    const [parts = [], ...extras] = await Promise.all(this.#writers().map((writer) => writer.finish()));
    const named = this.#extras.map(({ name }, at) => [name, extras[at]] as const);
    return { parts, formats: named.length === 0 ? undefined : Object.fromEntries(named) };
  }

  /** Deletes what was written, as {@link PartWriter.discard} does. A failure of one format does not stop the others. */
  async discard(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#writers().map((writer) => writer.discard()));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  }

  #writers(): readonly PartWriter[] {
    return [this.#lines, ...this.#extras.map(({ writer }) => writer)];
  }
}
