import type { Manifest } from "../../snapshot/manifest.ts";
import { formatCount, plural } from "../../words/format.ts";
import type { Attention } from "../attention/attention.ts";
import type { Report } from "../facts/report.ts";
import { type Content, type Html, html } from "../markup/html.ts";
import { dayInWords, minuteInWords } from "../markup/time-words.ts";
import { restlessInWords } from "./change-words.ts";

/** What it is, and the one sentence for readers who stop here. */
export function headline({ snapshot, facts, highlights }: Report, { points, blind }: Attention): Html {
  const { manifest, isLatest } = snapshot;
  const { tenantId, runId, finishedAt } = manifest;
  const needing =
    points.length === 0
      ? `nothing ${blind.length > 0 ? "that was looked for " : ""}needs attention`
      : plural(points.length, "thing needs attention", "things need attention");
  return html`<header>
<p class="eyebrow">Rollcall · directory snapshot${isLatest ? "" : " · not the latest"}</p>
<h1>${plural(facts.users, "user")} on ${dayInWords(finishedAt)}</h1>
<p class="verdict">${completenessInWords(manifest)}; ${changesInWords(manifest, restlessInWords(highlights))}; ${needing}.</p>
<p class="about">Tenant <span class="code">${tenantId}</span> · run <span class="code">${runId}</span> · finished ${minuteInWords(finishedAt)}</p>
</header>`;
}

function completenessInWords({ completeness: { unique, counted, verdict } }: Manifest): Content {
  return counted === null
    ? html`<strong>Uncounted:</strong> ${plural(unique, "user")} listed, and no count to compare them with`
    : html`<strong>${verdict === "complete" ? "Complete" : verdict}:</strong> ${plural(unique, "user")} listed, and the directory counts ${formatCount(counted)}`;
}

function changesInWords({ changes, previous }: Manifest, restless: string): string {
  if (!changes) return previous ? "who joined and left is not known" : "there is no run before it";
  const { joined, left, changed } = changes;
  return `${formatCount(joined)} joined, ${formatCount(left)} left and ${formatCount(changed)} changed${restless && ` (${restless})`} since the run before`;
}
