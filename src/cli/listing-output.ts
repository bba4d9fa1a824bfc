import { CsvRows } from "../formats/csv.ts";
import type { Destination } from "./destination.ts";
import type { OutputFormat } from "./output-format.ts";

/** An entry of a listing, its fields in the order in which they are written. */
export type ListingEntry = Readonly<Record<string, unknown>>;

/**
 * Writes a listing for programs.
 *
 * @param columns of CSV, in their order; an entry without a field leaves its cell empty
 */
export async function writeListing(
  destination: Destination,
  format: Exclude<OutputFormat, "table">,
  columns: readonly string[],
  entries: readonly ListingEntry[],
): Promise<void> {
  switch (format) {
    case "json":
      return destination.printJson(entries);
    case "ndjson":
      await destination.write(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""), "json");
      return;
    case "csv": {
      const csv = new CsvRows(columns);
      const lines = entries.map((entry) => {
        const cells = columns.map((column) => [column, entry[column] ?? null] as const);
        return JSON.stringify(Object.fromEntries(cells));
      });
      await destination.write(csv.heading + csv.rows(lines));
    }
  }
}
