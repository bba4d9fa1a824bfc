import { accountsSection, licencesSection } from "./accounts-section.ts";
import { findAttention } from "./attention.ts";
import { attentionSection } from "./attention-section.ts";
import { changesSection } from "./changes-section.ts";
import { departmentsSection } from "./departments-section.ts";
import { renderDocument } from "./document.ts";
import { headline } from "./headline-section.ts";
import { historySection } from "./history-section.ts";
import { html } from "./html.ts";
import { proofSection } from "./proof-section.ts";
import type { Report } from "./report.ts";
import { reviewSection } from "./review-section.ts";
import { tiles } from "./tiles.ts";
import { dayInWords, minuteInWords } from "./time-words.ts";

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
<footer><p>Written ${minuteInWords(new Date(report.nowMs).toISOString())} from the snapshot alone, and no part of its proof: <span class="code">rollcall verify</span> does not check this page. It names people: pass it on as you would the directory.</p></footer>`,
  );
}
