import { countCsvRows } from "../formats/csv.ts";
import type { ExtraFormatName } from "../settings/format-name.ts";
import type { RunFolder } from "../snapshot/layout.ts";
import type { PartEntry } from "../snapshot/part.ts";
import { readBody } from "../snapshot/part-body.ts";
import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";

/**
 * Reads a part in another format and checks it against its entry: bytes, hash, and the number of users in the file.
 *
 * @throws {SnapshotDamaged} naming the blob
 */
export async function checkFormatPart(
  container: Container,
  folder: RunFolder,
  format: ExtraFormatName,
  part: PartEntry,
): Promise<void> {
  const path = `${folder.path}/${part.name}`;
  const rows = await countRows(format, await readBody(container, path, part));
  if (rows === undefined) throw new SnapshotDamaged(path, `it is not a whole ${format} file`);
  if (rows !== part.users) {
    throw new SnapshotDamaged(path, `it has ${rows} users; the manifest says ${part.users}`);
  }
}

async function countRows(format: ExtraFormatName, body: Buffer): Promise<number | undefined> {
  if (format === "csv") return countCsvRows(body);
  const { countParquetRows } = await import("../formats/parquet-rows.ts");
  return countParquetRows(body);
}
