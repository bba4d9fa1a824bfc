import { accountsSection, licencesSection } from "./accounts-section.ts";
import { changesSection } from "./changes-section.ts";
import { renderDocument } from "./document.ts";
import { attention, headline } from "./headline-section.ts";
import { historySection } from "./history-section.ts";
import { html } from "./html.ts";
import { proofSection } from "./proof-section.ts";
import type { Report } from "./report.ts";
import { dayInWords, minuteInWords } from "./time-words.ts";

/**
 * A report as one self-contained HTML page. Its size is bounded: it names some people, never all.
 *
 * @returns the document
 */
export function renderPage(report: Report): string {
  const { manifest } = report.snapshot;
  return renderDocument(
    `Directory snapshot of ${dayInWords(manifest.finishedAt)}`,
    "Skip to the figures",
    html`${headline(report)}
<main id="content" tabindex="-1">
${attention(report)}
${historySection(report)}
${changesSection(report)}
${accountsSection(report)}
${licencesSection(report)}
${proofSection(report)}
</main>
<footer><p>Written ${minuteInWords(new Date(report.nowMs).toISOString())} from the snapshot alone, and no part of its proof: <span class="code">rollcall verify</span> does not check this page. It names people: pass it on as you would the directory.</p></footer>`,
  );
}
