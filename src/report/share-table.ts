import { formatCount } from "../words/format.ts";
import { type Content, type Html, html } from "./html.ts";

/** One row of a table of counts. */
export interface Share {
  readonly name: Content;
  readonly count: number;
}

/**
 * A table of counts with bars. The bars only repeat the figures beside them.
 *
 * @param heading of the first column
 * @param total what a full bar stands for
 */
export function shareTable(caption: string, heading: string, shares: readonly Share[], total: number): Html {
  const percent = (count: number) => (total === 0 ? 0 : (count / total) * 100);
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="shares">
<caption>${caption}</caption>
<thead><tr><th scope="col">${heading}</th><th scope="col" class="number">Users</th><th scope="col" class="number">Share</th><th aria-hidden="true"></th></tr></thead>
<tbody>${shares.map(
    ({ name, count }) =>
      html`<tr><th scope="row">${name}</th><td class="number">${formatCount(count)}</td><td class="number">${percentInWords(percent(count))}</td><td class="share" aria-hidden="true"><svg class="wide" height="10"><rect class="track" width="100%" height="10"/><rect class="bar" width="${percent(count).toFixed(2)}%" height="10"/></svg></td></tr>
`,
  )}</tbody></table></div>`;
}

/** `12.3 %`, `< 0.1 %`. */
export function percentInWords(percent: number): string {
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent.toFixed(1)} %`;
}
