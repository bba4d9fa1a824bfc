import { formatCount } from "../../words/format.ts";
import { type Html, html } from "./html.ts";
import { placeOn, type Scale, scaleFor } from "./scale.ts";

/** One run in a plot. */
export interface PlotPoint {
  /** A short label below the axis. */
  readonly label: string;
  /** `undefined` where it is unknown. */
  readonly count: number | undefined;
  /** For a bar below the line; absent for none. */
  readonly below?: number | undefined;
}

/** What a plot shows. */
export interface Plot {
  /** Unique in the page, letters only. */
  readonly id: string;
  readonly title: string;
  /** Describes the plot for people who cannot see it. */
  readonly description: string;
  /** Oldest first; at least one. */
  readonly points: readonly PlotPoint[];
}

/** Heights are CSS pixels. Widths are percentages, so that text keeps its size on a phone. */
const HEIGHT = 210;
const TOP = 16;
const BOTTOM = 176;
const LABELS_AT = 200;
const DIGIT_WIDTH = 7.5;
const MOST_LABELS = 5;

/** Counts as points joined by lines, with a gap where one is unknown. */
export function linePlot(plot: Plot): Html {
  const scale = scaleFor(plot.points.flatMap(({ count }) => count ?? []));
  const at = (count: number) => heightOf(scale, count);
  const { points } = plot;
  const lines = points.slice(1).map(({ count }, index) => {
    const before = points[index]?.count;
    if (count === undefined || before === undefined) return undefined;
    return html`<line class="curve" x1="${placeOf(index, points)}" y1="${at(before)}" x2="${placeOf(index + 1, points)}" y2="${at(count)}"/>`;
  });
  const dots = points.map(({ label, count }, index) =>
    count === undefined
      ? undefined
      : html`<circle class="dot" cx="${placeOf(index, points)}" cy="${at(count)}" r="${index === points.length - 1 ? 5 : 3}"><title>${label}: ${formatCount(count)}</title></circle>`,
  );
  return frame(plot, scale, html`${lines}${dots}`);
}

/** Counts as bars that rise from 0; those of {@link PlotPoint.below} hang down. */
export function barPlot(plot: Plot): Html {
  const { points } = plot;
  const hasBelow = points.some(({ below }) => below !== undefined);
  const most = Math.max(1, ...points.map(({ count = 0, below = 0 }) => Math.max(count, below)));
  const { max, ticks } = scaleFor([0, most], true);
  const scale = hasBelow ? { min: -max, max, ticks: [...new Set([-max, 0, max])] } : { min: 0, max, ticks };
  const zero = heightOf(scale, 0);
  const width = Math.min(12, 62 / points.length);
  const bars = points.map(({ label, count, below }, index) => {
    const x = `${round(((index + 0.5) / points.length) * 100 - width / 2)}%`;
    if (count === undefined) {
      return html`<text class="unknown" x="${placeOf(index, points)}" y="${zero - 4}">?</text>`;
    }
    const top = heightOf(scale, count);
    const bottom = heightOf(scale, -(below ?? 0));
    return html`<g><title>${label}: ${formatCount(count)}${below === undefined ? "" : ` joined, ${formatCount(below)} left`}</title><rect class="bar" x="${x}" y="${top}" width="${round(width)}%" height="${round(zero - top)}"/><rect class="bar second" x="${x}" y="${zero}" width="${round(width)}%" height="${round(bottom - zero)}"/></g>`;
  });
  const line = html`<line class="zero" x1="0" x2="100%" y1="${zero}" y2="${zero}"/>`;
  return frame(plot, scale, html`${bars}${line}`);
}

/** The grid, axes and title around a drawing. The labels of the vertical axis are an SVG of their own. */
function frame({ id, title, description, points }: Plot, scale: Scale, drawn: Html): Html {
  const labels = scale.ticks.map((tick) => formatCount(Math.abs(tick)));
  const width = Math.ceil(Math.max(...labels.map(({ length }) => length)) * DIGIT_WIDTH) + 8;
  const ticks = scale.ticks.map((tick) => heightOf(scale, tick));
  return html`<div class="plot">
<svg width="${width}" height="${HEIGHT}" aria-hidden="true">${ticks.map(
    (y, at) => html`<text class="tick" x="${width - 8}" y="${y + 4}">${labels[at]}</text>`,
  )}</svg>
<svg class="wide" height="${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title}</title><desc id="${id}-text">${description}</desc>
${ticks.map((y) => html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/>`)}
${drawn}
${labelled(points).map((at) => html`<text class="date" x="${placeOf(at, points)}" y="${LABELS_AT}">${points[at]?.label}</text>`)}
</svg></div>`;
}

/** The points that are labelled: as many as there is room for, evenly spaced, always with the last. */
function labelled(points: readonly PlotPoint[]): readonly number[] {
  const last = points.length - 1;
  const gap = Math.max(1, Math.ceil(last / (MOST_LABELS - 1)));
  return points.map((_, at) => at).filter((at) => (last - at) % gap === 0);
}

function placeOf(index: number, points: readonly PlotPoint[]): string {
  return `${round(((index + 0.5) / points.length) * 100)}%`;
}

function heightOf(scale: Scale, count: number): number {
  return round(BOTTOM - placeOn(scale, count) * (BOTTOM - TOP));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
