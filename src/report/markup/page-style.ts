import { Html } from "./html.ts";

/**
 * The style of a report: one accent colour, system fonts, light, dark and print. Contrasts are at least 7 to 1. Text is as
 * large as the reader has it, and a screen is narrow in its measure.
 */
export const PAGE_STYLE = new Html(`
:root { color-scheme: light dark; --paper: #fff; --ink: #18202a; --soft: #4c5766; --line: #dce1e7; --panel: #f5f7f9;
  --accent: #0a4fb3; --second: #7c8a9a; --track: #e6eaef; }
@media (prefers-color-scheme: dark) { :root { --paper: #11151a; --ink: #e7ebf0; --soft: #a3aebb; --line: #2d353f;
  --panel: #191f26; --accent: #82b1ff; --second: #8795a5; --track: #2a323c; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
.page { max-width: 1040px; margin: 0 auto; padding: 48px 32px 64px; }
.skip { position: absolute; left: 16px; top: -64px; padding: 8px 16px; background: var(--accent); color: var(--paper); }
.skip:focus { top: 16px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
main:focus { outline: none; }
h1, h2, h3 { line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; }
h1 { margin: 0; font-size: 2.375rem; letter-spacing: -0.02em; }
h2 { margin: 0 0 16px; font-size: 1.5rem; }
h3 { margin: 32px 0 8px; font-size: 1rem; }
p { margin: 0 0 16px; max-width: 74ch; }
section { margin-top: 56px; padding-top: 32px; border-top: 1px solid var(--line); }
.eyebrow { margin-bottom: 8px; color: var(--accent); font-size: 0.875rem; font-weight: 600; }
.about { margin-top: 12px; max-width: none; color: var(--soft); overflow-wrap: anywhere; }
.code { font: 0.875em/1.5 ui-monospace, SFMono-Regular, "Cascadia Mono", Consolas, monospace; }
.note { color: var(--soft); font-size: 0.875rem; font-weight: 400; letter-spacing: 0; }
.empty { color: var(--soft); }
.verdict { margin: 24px 0; max-width: none; padding: 14px 20px; background: var(--panel);
  border-left: 4px solid var(--accent); font-size: 1.125rem; }
.attention { margin-top: 32px; padding: 24px; border: 2px solid var(--ink); }
.attention h2 { font-size: 1.125rem; margin-bottom: 8px; }
.attention ul { margin: 0; padding-left: 20px; max-width: 84ch; }
.attention li { margin-bottom: 8px; }
.attention p { margin: 12px 0 0; }
.attention li > a { white-space: nowrap; }
a { color: var(--accent); }
h2, h3, li, p, caption { overflow-wrap: break-word; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 24px 16px; margin: 32px 0 0; }
.tiles dt { color: var(--soft); font-size: 0.875rem; }
.tiles dd { margin: 0; }
.tiles span { display: block; }
.tiles .value { font-size: 1.5rem; font-weight: 650; line-height: 1.3; letter-spacing: -0.01em;
  font-variant-numeric: tabular-nums; }
.tiles .note { font-size: 0.8125rem; overflow-wrap: anywhere; }
figure { margin: 0 0 32px; min-width: 0; }
figcaption, caption { padding: 0 0 8px; text-align: left; font-weight: 650; }
figcaption .note, caption .note, h3 .note { margin-left: 8px; }
.pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 48px; }
.plot { display: flex; }
.plot svg { flex: none; overflow: visible; }
.plot .wide { flex: 1; min-width: 0; }
svg.wide { width: 100%; display: block; }
svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
.tick { text-anchor: end; }
.date, .unknown { text-anchor: middle; }
.grid { stroke: var(--line); }
.zero { stroke: var(--ink); }
.curve { stroke: var(--accent); stroke-width: 2.5; stroke-linecap: round; }
.dot { fill: var(--accent); stroke: var(--paper); stroke-width: 1.5; }
.bar { fill: var(--accent); }
.second { fill: var(--second); }
.track { fill: var(--track); }
table { width: 100%; margin-bottom: 32px; border-collapse: collapse; font-size: 0.9375rem; }
th, td { padding: 8px 16px 8px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  font-weight: 400; overflow-wrap: break-word; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-size: 0.8125rem; font-weight: 600; white-space: nowrap; }
tfoot th, tfoot td { font-weight: 650; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.people { table-layout: fixed; }
.people thead .long { width: 38%; }
.shares tbody th { min-width: 128px; max-width: 360px; }
.code, .long .code, th bdi:not(.address) { overflow-wrap: anywhere; }
.drawing { width: 30%; min-width: 72px; vertical-align: middle; }
td p { margin: 0 0 4px; max-width: none; }
td p bdi { white-space: break-spaces; }
.property { color: var(--soft); }
.facts { margin: 0 0 32px; }
.facts div { display: grid; grid-template-columns: 220px minmax(0, 1fr); gap: 16px; padding: 8px 0;
  border-bottom: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: break-word; }
footer { margin-top: 56px; color: var(--soft); font-size: 0.875rem; }
@media (max-width: 60em) {
  .pair { grid-template-columns: minmax(0, 1fr); }
}
@media screen and (max-width: 53.75em) {
  .page { padding: 28px 16px 40px; }
  h1 { font-size: 1.8125rem; }
  section { margin-top: 40px; padding-top: 24px; }
  .facts div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 16px; }
  .attention { padding: 16px; }
  table, caption, tbody, tfoot { display: block; width: auto; }
  thead { display: none; }
  tr { display: flex; flex-wrap: wrap; gap: 4px 24px; padding: 12px 0; border-bottom: 1px solid var(--line); }
  tbody th, tbody td, tfoot th, tfoot td, td.number { min-width: 72px; max-width: 100%; width: auto; padding: 0; border: 0;
    text-align: left; white-space: normal; }
  tbody th, tfoot th, td.long, td.drawing { flex: 0 0 100%; }
  tbody th, tfoot th { font-weight: 600; }
  td[data-title]::before { content: attr(data-title); display: block; color: var(--soft); font-size: 0.8125rem; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --panel: #fff; --accent: #0a4fb3; --second: #7c8a9a;
    --track: #e6eaef; }
  body { font-size: 11pt; }
  table { font-size: 9pt; }
  thead th { font-size: 8pt; }
  th, td { padding: 4px 10px 4px 0; }
  .page { max-width: none; padding: 0; }
  .skip { display: none; }
  .attention { border-color: var(--line); }
  h2, h3, figcaption, caption { break-after: avoid; }
  figure, tr, .verdict, .tiles { break-inside: avoid; }
  svg, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`);
