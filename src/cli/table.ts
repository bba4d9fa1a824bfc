import { LINE_WIDTH } from "./wrap.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand right; left by default. */
  readonly align?: "right";
  /** Whether its cells may be cut when the table is too wide; never by default. */
  readonly mayCut?: boolean;
}

const MIN_CUT_WIDTH = 8;

/**
 * Lays out a table with a heading, in {@link LINE_WIDTH} columns if it can: by cutting the columns that may be cut or,
 * where there is none, by narrower gaps.
 *
 * @param rows as many cells each as there are columns
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const titles = columns.map(({ title }) => title);
  const wanted = columns.map((_, at) => Math.max(...[titles, ...rows].map((row) => (row[at] ?? "").length)));
  const wantedWidth = wanted.reduce((sum, width) => sum + width, 0);
  const fitsOrCut =
    wantedWidth + 2 * (columns.length - 1) <= LINE_WIDTH || columns.some(({ mayCut }) => mayCut);
  const gapWidth = fitsOrCut ? 2 : 1;
  let excess = Math.max(0, wantedWidth + gapWidth * (columns.length - 1) - LINE_WIDTH);
  const widths = wanted.map((width, at) => {
    if (!columns[at]?.mayCut) return width;
    const cut = Math.max(Math.min(width, MIN_CUT_WIDTH), width - excess);
    excess -= width - cut;
    return cut;
  });
  return [titles, ...rows].map((row) => {
    const cells = columns.map(({ align }, at) => {
      const width = widths[at] ?? 0;
      const cell = cutTo(row[at] ?? "", width);
      return align === "right" ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join(" ".repeat(gapWidth)).trimEnd();
  });
}

function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
