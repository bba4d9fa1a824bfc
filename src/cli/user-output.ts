import { CsvRows } from "../formats/csv.ts";
import { ValueCutter } from "../rows/value-cutter.ts";
import { UserTable } from "./user-table.ts";

/** How `rollcall users` can write. */
export const OUTPUT_FORMATS = ["ndjson", "csv", "json", "table"] as const;

/** One of {@link OUTPUT_FORMATS}. */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Users as text, some at a time. */
export interface UserOutput {
  /** What stands before the first user. */
  readonly head: string;
  /** @param lines at least one user, each as JSON */
  readonly rows: (lines: readonly string[]) => string;
  /** What stands behind the last user. */
  readonly tail: string;
  /** Columns for which there is no room, once there were rows. */
  readonly leftOut: () => readonly string[];
}

/** What is to be written. */
export interface OutputOptions {
  /** Of the run, in the order of its lines. */
  readonly properties: readonly string[];
  /** In their order; absent: all, but for a table what tells users apart. */
  readonly select?: readonly string[] | undefined;
  /** Of the terminal, in columns; only a table looks at it. */
  readonly width: number;
}

/** What a table shows when nothing is selected. */
const TABLE_COLUMNS: readonly string[] = ["userPrincipalName", "displayName", "userType", "accountEnabled"];

/** Opens a way of writing. */
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

/** Makes a line of some of its properties, values as they were. */
function selector(properties: readonly string[], select: readonly string[]): (line: string) => string {
  const cutter = new ValueCutter(properties, select);
  const keys = select.map((name) => `${JSON.stringify(name)}:`);
  return (line) => {
    const values = cutter.cut(line);
    return `{${keys.map((key, at) => key + values[at]).join(",")}}`;
  };
}
