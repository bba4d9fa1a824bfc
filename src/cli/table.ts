import { displayWidth, fitTo } from "./display-width.ts";
import { printable } from "./terminal.ts";
import { LINE_WIDTH } from "./wrap.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** For numbers; left by default. */
  readonly align?: "right";
  /** Cells are always cut to this many columns of the terminal; absent: no limit. */
  readonly maxWidth?: number;
  /** Whether cells may be cut when the table is too wide; not by default. */
  readonly mayCut?: boolean;
  /** Whether the column may be left out when cutting is not enough, the last column first; not by default. */
  readonly mayDrop?: boolean;
}

/** No column is cut to less. */
const MIN_CUT_WIDTH = 8;
const GAP_WIDTH = 2;
const NARROW_GAP_WIDTH = 1;

interface Layout {
  /** Of each column that is shown. */
  readonly widths: readonly number[];
  readonly gapWidth: number;
}

/**
 * A table for the terminal. The first rows set the widths of the columns, so that a million rows need not be read before
 * the first is shown.
 *
 * If the table is too wide, columns are cut, the widest first, where they may be. If that is not enough, columns are left
 * out, where they may be. If no column may be cut, the gaps become narrower.
 */
export class Table {
  readonly #columns: readonly Column[];
  readonly #lineWidth: number;
  #layout: Layout | undefined;

  /** @param lineWidth in columns of the terminal */
  constructor(columns: readonly Column[], lineWidth: number) {
    this.#columns = columns;
    this.#lineWidth = Math.max(1, lineWidth);
  }

  /** Titles of the columns for which there was no room; none before the first rows. */
  get leftOut(): readonly string[] {
    return this.#layout === undefined
      ? []
      : this.#columns.slice(this.#layout.widths.length).map(({ title }) => title);
  }

  /**
   * The next rows as lines; the first time after the heading. What could steer a terminal is made visible first, so that
   * a cell is measured as it is shown.
   *
   * @param rows as many cells each as there are columns
   */
  lines(rows: readonly (readonly string[])[]): readonly string[] {
    const cells = rows.map((row) => row.map(printable));
    const layout = this.#layout;
    if (layout) return cells.map((row) => this.#line(row, layout));
    const all = [this.#columns.map(({ title }) => title), ...cells];
    const first = layOut(this.#columns, all, this.#lineWidth);
    this.#layout = first;
    return all.map((row) => this.#line(row, first));
  }

  #line(row: readonly string[], { widths, gapWidth }: Layout): string {
    const cells = widths.map((width, at) => fitTo(row[at] ?? "", width, this.#columns[at]?.align));
    return cells.join(" ".repeat(gapWidth)).trimEnd();
  }
}

/** A table whose rows are all known, in {@link LINE_WIDTH} columns if it can be. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  return new Table(columns, LINE_WIDTH).lines(rows);
}

function layOut(columns: readonly Column[], rows: readonly (readonly string[])[], lineWidth: number): Layout {
  const wanted = columns.map(({ mayCut, maxWidth = Number.POSITIVE_INFINITY }, at) =>
    Math.min(widest(rows, at), maxWidth, mayCut ? lineWidth : Number.POSITIVE_INFINITY),
  );
  const least = wanted.map((width, at) =>
    columns[at]?.mayCut ? Math.min(width, MIN_CUT_WIDTH, lineWidth) : width,
  );
  let shown = columns.length;
  while (shown > 1 && columns[shown - 1]?.mayDrop && total(least.slice(0, shown), GAP_WIDTH) > lineWidth)
    shown--;
  const widths = wanted.slice(0, shown);
  while (total(widths, GAP_WIDTH) > lineWidth) {
    const cuttable = widths.map((width, at) => (width > (least[at] ?? 0) ? width : 0));
    const most = Math.max(...cuttable);
    if (most === 0) break;
    widths[cuttable.indexOf(most)] = most - 1;
  }
  const mayCut = columns.some((column) => column.mayCut);
  const isTooWide = total(widths, GAP_WIDTH) > lineWidth;
  return { widths, gapWidth: isTooWide && !mayCut ? NARROW_GAP_WIDTH : GAP_WIDTH };
}

function widest(rows: readonly (readonly string[])[], at: number): number {
  return rows.reduce((most, row) => Math.max(most, displayWidth(row[at] ?? "")), 0);
}

function total(widths: readonly number[], gapWidth: number): number {
  return widths.reduce((sum, width) => sum + width, 0) + gapWidth * (widths.length - 1);
}
