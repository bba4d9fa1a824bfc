import { formatCount } from "../words/format.ts";
import { displayWidth, fitTo } from "./display-width.ts";
import { LINE_WIDTH } from "./wrap.ts";

/** One column of a chart. */
export interface ChartPoint {
  /** Written below the first and the last one. */
  readonly label: string;
  /** `undefined` leaves a gap. */
  readonly count: number | undefined;
}

const BLOCKS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const ROWS = 5;
const MAX_COLUMN_WIDTH = 4;

/**
 * Draws counts as bars, within {@link LINE_WIDTH} columns. The axis begins at the lowest count: bars from 0 would all
 * look the same.
 *
 * @param title what is counted
 * @param points oldest first; only the last are drawn when there is no room for all
 * @returns no lines when no count is known
 */
export function drawChart(title: string, points: readonly ChartPoint[]): readonly string[] {
  const known = points.flatMap(({ count }) => count ?? []);
  if (known.length === 0) return [];
  const low = Math.min(...known);
  const high = Math.max(...known);
  const labels = [formatCount(high), formatCount(low)];
  const labelWidth = Math.max(...labels.map(displayWidth));
  const room = LINE_WIDTH - labelWidth - 3;
  const columnWidth = Math.max(1, Math.min(MAX_COLUMN_WIDTH, Math.floor(room / points.length)));
  const shown = points.slice(-Math.floor(room / columnWidth));
  const rows = Array.from({ length: ROWS }, (_, at) => {
    const fromBelow = ROWS - 1 - at;
    const bars = shown.map(({ count }) => bar(count, low, high, fromBelow, columnWidth));
    const label = at === 0 ? labels[0] : fromBelow === 0 && high > low ? labels[1] : undefined;
    return `${fitTo(label ?? "", labelWidth, "right")} ${label === undefined ? "│" : "┤"} ${bars.join("")}`.trimEnd();
  });
  const indent = " ".repeat(labelWidth);
  const width = columnWidth * shown.length;
  return [
    `${title}${high > low ? " (the lowest is not 0)" : ""}`,
    ...rows,
    `${indent} └${"─".repeat(width + 1)}`,
    `${indent}   ${xLabels(shown, width)}`,
  ];
}

function bar(count: number | undefined, low: number, high: number, row: number, columnWidth: number): string {
  // A bar that is one column wide has no room for a gap.
  const width = columnWidth > 1 ? columnWidth - 1 : 1;
  const gap = " ".repeat(columnWidth - width);
  if (count === undefined) return (row === 0 ? "·" : " ").repeat(width) + gap;
  const share = high > low ? (count - low) / (high - low) : 1;
  const eighths = 1 + Math.round(share * (ROWS * 8 - 1));
  const block = BLOCKS[Math.max(0, Math.min(8, eighths - row * 8))] ?? " ";
  return block.repeat(width) + gap;
}

function xLabels(shown: readonly ChartPoint[], width: number): string {
  const first = shown[0]?.label ?? "";
  const last = shown.at(-1)?.label ?? "";
  if (shown.length === 1 || first === last) return first;
  const both = `${first}${last.padStart(width - first.length)}`;
  return first.length + last.length + 1 <= width ? both : `${first} to ${last}`;
}
