import { formatCount } from "../../words/format.ts";
import { type Content, type Html, html } from "./html.ts";
import { table } from "./table.ts";

/** One row of a table of counts. */
export interface Share {
  readonly name: Content;
  readonly count: number;
  /** For {@link shareTable}'s further columns. */
  readonly more?: readonly number[];
}

/**
 * A table of counts with bars. The bars only repeat the figures beside them.
 *
 * @param heading of the first column
 * @param total what a full bar stands for
 * @param more titles of further columns
 */
export function shareTable(
  caption: string,
  heading: string,
  shares: readonly Share[],
  total: number,
  more: readonly string[] = [],
): Html {
  const percent = (count: number) => (total === 0 ? 0 : (count / total) * 100);
  return table({
    caption,
    style: "shares",
    columns: [
      { title: heading },
      { title: "Users", kind: "number" },
      { title: "Share", kind: "number" },
      { title: "", kind: "drawing" },
      ...more.map((title) => ({ title, kind: "number" as const })),
    ],
    rows: shares.map(({ name, count, more: others = [] }) => [
      name,
      formatCount(count),
      percentInWords(percent(count)),
      html`<svg class="wide" height="10"><rect class="track" width="100%" height="10"/><rect class="bar" width="${percent(count).toFixed(2)}%" height="10"/></svg>`,
      ...others.map(formatCount),
    ]),
  });
}

/** `12.3 %`, `< 0.1 %`. */
export function percentInWords(percent: number): string {
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent.toFixed(1)} %`;
}
