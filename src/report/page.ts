import { findAttention } from "./attention/attention.ts";
import type { Report } from "./facts/report.ts";
import { renderDocument } from "./markup/document.ts";
import { html } from "./markup/html.ts";
import { dayInWords, minuteInWords } from "./markup/time-words.ts";
import { accountsSection, licencesSection } from "./sections/accounts-section.ts";
import { attentionSection } from "./sections/attention-section.ts";
import { changesSection } from "./sections/changes-section.ts";
import { departmentsSection } from "./sections/departments-section.ts";
import { headline } from "./sections/headline-section.ts";
import { historySection } from "./sections/history-section.ts";
import { proofSection } from "./sections/proof-section.ts";
import { reviewSection } from "./sections/review-section.ts";
import { tiles } from "./sections/tiles.ts";

/**
 * A report as one self-contained HTML page. Its size is bounded: it names some people, never all.
 *
 * @returns the document
 */
export function renderPage(report: Report): string {
  const { manifest } = report.snapshot;
  const attention = findAttention(report);
  return renderDocument(
    `Directory snapshot of ${dayInWords(manifest.finishedAt)}`,
    "Skip to the figures",
    html`${headline(report, attention)}
<main id="content" tabindex="-1">
${attentionSection(attention)}
${tiles(report)}
${changesSection(report)}
${reviewSection(report)}
${departmentsSection(report)}
${accountsSection(report)}
${licencesSection(report)}
${historySection(report)}
${proofSection(report)}
</main>
<footer><p>Written ${minuteInWords(new Date(report.nowMs).toISOString())} from this snapshot, the manifests before it and last-run.json. It is no part of the proof: <span class="code">rollcall verify</span> does not check this page. It names people: pass it on as you would the directory.</p></footer>`,
  );
}
