import { MAX_PART_CONTENT_BYTES } from "../rows/line-limit.ts";
import { type ExtraFormatName, type FormatName, isExtraFormat } from "../settings/format-name.ts";
import { FORMAT_EXTENSIONS, partName } from "../snapshot/layout.ts";
import type { Part } from "../snapshot/part.ts";
import type { ExtraFormat, PartKind } from "../snapshot/part-writer.ts";

/** Some 70,000 users: few files to open, and two of them still fit in a Function's memory. */
const MAX_CSV_BYTES = 32 * 2 ** 20;
/** That and one more page, with room to spare; memory that is not written to costs nothing. */
const CSV_BODY_BYTES = MAX_CSV_BYTES + 16 * 2 ** 20;
/** Some 90,000 users. */
const MAX_PARQUET_BYTES = 8 * 2 ** 20;

/**
 * Loads the encoders of the formats other than `ndjson`. A run that writes none of them loads none.
 *
 * @param properties of the users, in their order
 */
export async function openFormats(
  names: readonly FormatName[],
  properties: readonly string[],
): Promise<readonly ExtraFormat[]> {
  return Promise.all(names.filter(isExtraFormat).map((name) => OPENERS[name](properties)));
}

const OPENERS: Readonly<Record<ExtraFormatName, (properties: readonly string[]) => Promise<ExtraFormat>>> = {
  csv: async (properties) => {
    const { CsvPart } = await import("./csv-part.ts");
    const kind = kindOf("csv", "text/csv; charset=utf-8", () => new CsvPart(properties, CSV_BODY_BYTES));
    return { name: "csv", kind, maxPartBytes: MAX_CSV_BYTES };
  },
  parquet: async (properties) => {
    const { ParquetPart } = await import("./parquet-part.ts");
    const kind = kindOf("parquet", "application/vnd.apache.parquet", () => new ParquetPart(properties));
    return { name: "parquet", kind, maxPartBytes: MAX_PARQUET_BYTES };
  },
};

function kindOf(name: ExtraFormatName, contentType: string, openPart: () => Part): PartKind {
  // None of our readers unpacks these: only their own bytes close a part.
  const maxContentBytes = MAX_PART_CONTENT_BYTES;
  return {
    nameOf: (index) => partName(index, FORMAT_EXTENSIONS[name]),
    contentType,
    maxContentBytes,
    openPart,
  };
}
