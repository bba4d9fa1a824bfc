import { changesPartName, type RunFolder } from "../snapshot/layout.ts";
import type { ChangesEntry } from "../snapshot/manifest.ts";
import { GzipPart } from "../snapshot/part.ts";
import { MAX_GZIP_CONTENT_BYTES, type PartKind, PartWriter } from "../snapshot/part-writer.ts";
import type { Container } from "../storage/container.ts";
import type { Change } from "./change.ts";
import { type CompareOptions, compareSnapshots } from "./compare.ts";
import { compareSelections } from "./selection.ts";
import type { Side } from "./side.ts";

const LINE_FEED = Buffer.from("\n");

const CHANGE_LINES: PartKind = {
  nameOf: changesPartName,
  contentType: "application/x-ndjson",
  maxContentBytes: MAX_GZIP_CONTENT_BYTES,
  openPart: () => new GzipPart(),
};

/** Options of {@link writeChanges}. */
export interface WriteChangesOptions extends CompareOptions {
  /** A part is closed when it has this many compressed bytes; by default as for users. */
  readonly maxPartBytes?: number | undefined;
}

/** Changes that were written, and not committed yet. */
export interface WrittenChanges {
  /** For the manifest. */
  readonly entry: ChangesEntry;
  /** Deletes their parts again. */
  readonly discard: () => Promise<void>;
}

/**
 * Writes what changed from one snapshot to another into parts in the later one's folder.
 *
 * @throws whatever reading or writing throws, after deleting the parts again
 */
export async function writeChanges(
  container: Container,
  before: Side,
  after: Side,
  options: WriteChangesOptions = {},
): Promise<WrittenChanges> {
  const counts = { joined: 0, left: 0, changed: 0 };
  const writer = openChangeParts(container, after.folder, options.maxPartBytes);
  try {
    for await (const changes of compareSnapshots(before, after, options)) {
      for (const { kind } of changes) counts[kind]++;
      if (changes.length > 0) await writer.write(asLines(changes), changes.length);
    }
    const { notCompared } = compareSelections(before.properties, after.properties);
    const hasAny = counts.joined + counts.left + counts.changed > 0;
    // A writer that is finished without any lines writes an empty part.
    const parts = hasAny ? await writer.finish() : [];
    const entry = { against: before.folder.runId, ...counts, notCompared, parts };
    return { entry, discard: () => writer.discard() };
  } catch (error) {
    await writer.discard().catch(() => undefined);
    throw error;
  }
}

function asLines(changes: readonly Change[]): Buffer {
  return Buffer.concat(changes.flatMap(({ line }) => [line, LINE_FEED]));
}

function openChangeParts(container: Container, folder: RunFolder, maxPartBytes?: number): PartWriter {
  return new PartWriter(container, folder, maxPartBytes, CHANGE_LINES);
}
