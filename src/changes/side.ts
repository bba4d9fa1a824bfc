import { readFingerprints } from "../snapshot/fingerprints.ts";
import type { RunFolder } from "../snapshot/layout.ts";
import type { Manifest } from "../snapshot/manifest.ts";
import type { PartEntry } from "../snapshot/part.ts";
import { partBlocks } from "../snapshot/part-reader.ts";
import type { Container } from "../storage/container.ts";

/** One of two snapshots that are compared. */
export interface Side {
  /** Its folder. */
  readonly folder: RunFolder;
  /** In the order of the lines; the id is among them. */
  readonly properties: readonly string[];
  readonly parts: readonly PartEntry[];
  /**
   * The lines of a part, as blocks of whole lines; each line is a user and ends with a line feed. Can be read several
   * times with the same result, and left early.
   */
  readonly readBlocks: (part: PartEntry) => AsyncIterable<Buffer>;
  /**
   * Reads the fingerprints of all rows, as {@link readFingerprints} does; absent where the run kept none.
   *
   * @throws {SnapshotDamaged} naming the blob
   */
  readonly readFingerprints?: (() => Promise<Uint32Array>) | undefined;
}

/** A snapshot whose parts are in storage, committed or not. A part's hash is verified whenever it is read. */
export function storedSide(
  container: Container,
  { folder, properties, parts }: Pick<Side, "folder" | "properties" | "parts">,
  fingerprints?: readonly PartEntry[],
): Side {
  return {
    folder,
    properties,
    parts,
    readBlocks: (part) => partBlocks(container, folder, part),
    readFingerprints: fingerprints && (() => readFingerprints(container, folder, fingerprints)),
  };
}

/** A committed snapshot as a side. */
export function snapshotSide(
  container: Container,
  { folder, manifest }: { readonly folder: RunFolder; readonly manifest: Manifest },
): Side {
  const { source, parts, fingerprints } = manifest;
  return storedSide(container, { folder, properties: source.properties, parts }, fingerprints);
}

/** Users in all parts. */
export function userCount({ parts }: Pick<Side, "parts">): number {
  return parts.reduce((sum, { users }) => sum + users, 0);
}
