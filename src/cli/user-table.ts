import { isJsonText, textOfJson } from "../rows/json-text.ts";
import { ValueCutter } from "../rows/value-cutter.ts";
import { Table } from "./table.ts";

/** A table of users, as wide as the terminal. */
export class UserTable {
  readonly #cutter: ValueCutter;
  readonly #table: Table;

  /**
   * @param properties of the lines, in their order
   * @param columns in their order
   * @param width of the terminal, in columns
   */
  constructor(properties: readonly string[], columns: readonly string[], width: number) {
    this.#cutter = new ValueCutter(properties, columns);
    this.#table = new Table(
      columns.map((title) => ({ title, mayCut: true, mayDrop: true })),
      width,
    );
  }

  /** Columns for which there was no room; none before the first rows. */
  get leftOut(): readonly string[] {
    return this.#table.leftOut;
  }

  /** @param lines a user each, as JSON */
  rows(lines: readonly string[]): string {
    const rows = lines.map((line) => this.#cutter.cut(line).map(cellOf));
    return this.#table
      .lines(rows)
      .map((line) => `${line}\n`)
      .join("");
  }
}

function cellOf(json: string): string {
  if (json === "null") return "";
  return isJsonText(json) ? textOfJson(json) : json;
}
