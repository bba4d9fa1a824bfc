import { changesPartName } from "../snapshot/layout.ts";
import type { ChangesEntry } from "../snapshot/manifest.ts";
import { GzipPart } from "../snapshot/part.ts";
import { MAX_GZIP_CONTENT_BYTES, type PartKind, PartWriter } from "../snapshot/part-writer.ts";
import type { Run } from "../snapshot/run.ts";
import type { Change } from "./change.ts";

const LINE_FEED = Buffer.from("\n");

const CHANGE_LINES: PartKind = {
  nameOf: changesPartName,
  contentType: "application/x-ndjson",
  maxContentBytes: MAX_GZIP_CONTENT_BYTES,
  openPart: () => new GzipPart(),
};

/** Writes changes into parts in a run's folder, and counts them. */
export class ChangesWriter {
  readonly #parts: PartWriter;
  readonly #counts = { joined: 0, left: 0, changed: 0 };

  constructor({ container, folder, maxPartBytes }: Pick<Run, "container" | "folder" | "maxPartBytes">) {
    this.#parts = new PartWriter(container, folder, maxPartBytes, CHANGE_LINES);
  }

  /** Adds changes; waits when the parts in memory are full. */
  async write(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    for (const { kind } of changes) this.#counts[kind]++;
    const lines = Buffer.concat(changes.flatMap(({ line }) => [line, LINE_FEED]));
    await this.#parts.write(lines, changes.length);
  }

  /** Sends the last part. */
  async finish(): Promise<Pick<ChangesEntry, "joined" | "left" | "changed" | "parts">> {
    const { joined, left, changed } = this.#counts;
    // A writer that is finished without any lines writes an empty part.
    const parts = joined + left + changed > 0 ? await this.#parts.finish() : [];
    return { joined, left, changed, parts };
  }

  /** Deletes what was written. */
  discard(): Promise<void> {
    return this.#parts.discard();
  }
}
