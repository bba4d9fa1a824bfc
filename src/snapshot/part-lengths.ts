import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import type { RunFolder } from "./layout.ts";
import type { PartEntry } from "./part.ts";

/**
 * Checks that each part is stored with its full length.
 *
 * @throws {RollcallError} `snapshot-damaged` naming the blob
 */
export async function checkParts(
  container: Container,
  folder: RunFolder,
  parts: readonly PartEntry[],
): Promise<void> {
  const stored = new Map<string, number>();
  for await (const { path, bytes } of container.list(`${folder.path}/`)) stored.set(path, bytes);
  checkLengths(folder, parts, stored);
}

/**
 * As {@link checkParts}, for callers that have already listed the folder.
 *
 * @param stored bytes of each blob, by path
 * @throws {RollcallError} `snapshot-damaged` naming the blob
 */
export function checkLengths(
  folder: RunFolder,
  parts: readonly PartEntry[],
  stored: ReadonlyMap<string, number>,
): void {
  for (const { name, bytes } of parts) {
    const path = `${folder.path}/${name}`;
    const found = stored.get(path);
    if (found === undefined) throw new SnapshotDamaged(path, "the blob is missing");
    if (found !== bytes)
      throw new SnapshotDamaged(path, `the blob has ${found} bytes; the manifest says ${bytes}`);
  }
}
