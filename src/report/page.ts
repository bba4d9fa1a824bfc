import { accountsSection, licencesSection } from "./accounts-section.ts";
import { changesSection } from "./changes-section.ts";
import { attention, headline } from "./headline-section.ts";
import { historySection } from "./history-section.ts";
import { Html, html } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { proofSection } from "./proof-section.ts";
import type { Report } from "./report.ts";
import { dayInWords, minuteInWords } from "./time-words.ts";

/** Nothing loads and nothing runs, whatever may have got into the page. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** In every page, by which one is told from somebody's own file. */
export const GENERATOR: Html = new Html('<meta name="generator" content="rollcall">');

/**
 * A report as one self-contained HTML page. Its size is bounded: it names some people, never all.
 *
 * @returns the document
 */
export function renderPage(report: Report): string {
  const { manifest } = report.snapshot;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
${GENERATOR}
<title>Directory snapshot of ${dayInWords(manifest.finishedAt)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the figures</a>
<div class="page">
${headline(report)}
<main id="content" tabindex="-1">
${attention(report)}
${historySection(report)}
${changesSection(report)}
${accountsSection(report)}
${licencesSection(report)}
${proofSection(report)}
</main>
<footer><p>Written ${minuteInWords(new Date(report.nowMs).toISOString())} from the snapshot alone, and no part of its proof: <span class="code">rollcall verify</span> does not check this page. It names people: pass it on as you would the directory.</p></footer>
</div>
</body>
</html>
`.toString();
}
