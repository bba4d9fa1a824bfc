import { MAX_PART_CONTENT_BYTES } from "../rows/line-limit.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { PartEntry } from "./part.ts";
import { sha256Of } from "./sha256.ts";

/** Reads a part's blob, and checks its size and SHA-256 against the manifest. */
export async function readBody(container: Container, path: string, part: PartEntry): Promise<Buffer> {
  // The same limit holds for compressed parts.
  const body = await container.read(path, MAX_PART_CONTENT_BYTES);
  if (!body) throw new SnapshotDamaged(path, "the blob is missing");
  const { length } = body;
  if (length !== part.bytes)
    throw new SnapshotDamaged(path, `the blob has ${length} bytes; the manifest says ${part.bytes}`);
  if (sha256Of(body) !== part.sha256)
    throw new SnapshotDamaged(path, "its SHA-256 is not the one in the manifest");
  return body;
}
