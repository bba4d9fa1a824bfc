import { parquetMetadata } from "hyparquet";

/**
 * The number of users in a Parquet file, according to its footer.
 *
 * @returns `undefined` when it has no such footer
 */
export function countParquetRows(body: Buffer): number | undefined {
  const metadata = readFooter(body);
  if (!metadata) return undefined;
  const inGroups = metadata.row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  return inGroups === metadata.num_rows ? Number(inGroups) : undefined;
}

function readFooter(body: Buffer) {
  try {
    return parquetMetadata(body);
  } catch {
    // It throws all kinds of errors for nonsense; the caller does not care which.
    return undefined;
  }
}
