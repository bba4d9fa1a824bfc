import { isJsonText, textOfJson } from "../rows/json-text.ts";
import { ValueCutter } from "../rows/value-cutter.ts";
import { displayWidth, fitTo } from "./display-width.ts";
import { printable } from "./terminal.ts";

const GAP = "  ";
/** What a column is cut to before another one is left out. */
const MIN_WIDTH = 8;

/**
 * A table of users as wide as the terminal. The first users to come decide on the widths of the columns: a million of
 * them need not be read before the first is seen.
 */
export class UserTable {
  readonly #cutter: ValueCutter;
  readonly #columns: readonly string[];
  readonly #width: number;
  #widths: readonly number[] | undefined;

  /**
   * @param properties of the lines, in their order
   * @param columns in their order
   * @param width of the terminal, in columns
   */
  constructor(properties: readonly string[], columns: readonly string[], width: number) {
    this.#cutter = new ValueCutter(properties, columns);
    this.#columns = columns;
    this.#width = width;
  }

  /** Columns for which there was no room; none before the first rows. */
  get leftOut(): readonly string[] {
    return this.#widths === undefined ? [] : this.#columns.slice(this.#widths.length);
  }

  /** @param lines a user each, as JSON */
  rows(lines: readonly string[]): string {
    const rows = lines.map((line) => this.#cutter.cut(line).map(cellOf));
    if (this.#widths) return this.#format(rows, this.#widths);
    const all = [this.#columns, ...rows];
    const wanted = this.#columns.map((_, at) => Math.max(...all.map((row) => displayWidth(row[at] ?? ""))));
    this.#widths = layOut(wanted, this.#width);
    return this.#format(all, this.#widths);
  }

  #format(rows: readonly (readonly string[])[], widths: readonly number[]): string {
    const lines = rows.map((row) => widths.map((width, at) => fitTo(row[at] ?? "", width)).join(GAP));
    return lines.map((line) => `${line.trimEnd()}\n`).join("");
  }
}

/** The widths of as many columns as there is room for: the widest are cut first. */
function layOut(wanted: readonly number[], available: number): readonly number[] {
  const least = wanted.map((width) => Math.min(width, MIN_WIDTH));
  let shown = wanted.length;
  while (shown > 1 && widthOf(least.slice(0, shown)) > available) shown--;
  const widths = wanted.slice(0, shown);
  while (widthOf(widths) > available) {
    const widest = Math.max(...widths);
    if (widest <= 1) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
}

function cellOf(json: string): string {
  if (json === "null") return "";
  const text = isJsonText(json) ? textOfJson(json) : json;
  return printable(text);
}
