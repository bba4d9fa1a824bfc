import { CsvRows } from "../formats/csv.ts";
import { ValueCutter } from "../rows/value-cutter.ts";
import type { OutputFormat } from "./output-format.ts";
import { UserTable } from "./user-table.ts";

/** Writes users as text, a batch at a time. */
export interface UserOutput {
  /** What comes before the first user. */
  readonly head: string;
  /** @param lines at least one user, each as JSON */
  readonly rows: (lines: readonly string[]) => string;
  /** What comes after the last user. */
  readonly tail: string;
  /** Columns that there is no room for; known after the first rows. */
  readonly leftOut: () => readonly string[];
}

/** What to write. */
export interface OutputOptions {
  /** The run's properties, in the order of its lines. */
  readonly properties: readonly string[];
  /** The properties to write, in this order; absent: all, or for a table those that identify a user. */
  readonly select?: readonly string[] | undefined;
  /** Width of the terminal, in columns; only for a table. */
  readonly width: number;
}

/** What a table shows when nothing is selected. */
const TABLE_COLUMNS: readonly string[] = ["userPrincipalName", "displayName", "userType", "accountEnabled"];

/** Opens an output in a format. */
export function openOutput(format: OutputFormat, options: OutputOptions): UserOutput {
  const { properties, select, width } = options;
  const toJson = select ? selector(properties, select) : (line: string) => line;
  const whole = { head: "", tail: "", leftOut: () => [] };
  switch (format) {
    case "ndjson":
      return { ...whole, rows: (lines) => `${lines.map(toJson).join("\n")}\n` };
    case "json": {
      let separator = "\n";
      const rows = (lines: readonly string[]) => {
        const text = separator + lines.map(toJson).join(",\n");
        separator = ",\n";
        return text;
      };
      return { ...whole, head: "[", rows, tail: "\n]\n" };
    }
    case "csv": {
      const csv = new CsvRows(properties, select);
      return { ...whole, head: csv.heading, rows: (lines) => csv.rows(lines) };
    }
    case "table": {
      const usual = TABLE_COLUMNS.filter((name) => properties.includes(name));
      const table = new UserTable(properties, select ?? (usual.length > 0 ? usual : properties), width);
      return { ...whole, rows: (lines) => table.rows(lines), leftOut: () => table.leftOut };
    }
  }
}

/** Reduces a line to some of its properties; their values stay as they were. */
function selector(properties: readonly string[], select: readonly string[]): (line: string) => string {
  const cutter = new ValueCutter(properties, select);
  const keys = select.map((name) => `${JSON.stringify(name)}:`);
  return (line) => {
    const values = cutter.cut(line);
    return `{${keys.map((key, at) => key + values[at]).join(",")}}`;
  };
}
