import type { Standing, TenantState } from "../tenants/tenant-state.ts";
import { formatCount, formatMinute } from "../words/format.ts";
import { ageInWords, sumInWords, tenantLabel, troubleOf } from "../words/tenant-words.ts";
import { renderDocument } from "./document.ts";
import { type Html, html, nameOf } from "./html.ts";
import { dayInWords, minuteInWords } from "./time-words.ts";

const STANDINGS: Readonly<Record<Standing, string>> = {
  fresh: "✓ fresh",
  stale: "✗ stale",
  missing: "✗ no snapshot",
  unknown: "✗ unknown",
};

/**
 * All tenants as one self-contained HTML page: a row for each, the sums, and what is wrong with whom.
 *
 * @param nowMs when it is written, in milliseconds since the Unix epoch
 * @returns the document
 */
export function renderTenantsPage(states: readonly TenantState[], nowMs: number): string {
  const now = new Date(nowMs).toISOString();
  return renderDocument(
    `Directory snapshots of all tenants on ${dayInWords(now)}`,
    "Skip to the tenants",
    html`<header>
<p class="eyebrow">Rollcall · all tenants</p>
<h1>${formatCount(states.length)} tenants on ${dayInWords(now)}</h1>
<p class="verdict">${sumInWords(states)}</p>
</header>
<main id="content" tabindex="-1">
${attention(states)}
<section aria-labelledby="tenants"><h2 id="tenants">Tenants</h2>
<div class="scroll" role="region" aria-labelledby="tenants" tabindex="0"><table>
<thead><tr><th scope="col">Tenant</th><th scope="col"></th><th scope="col">Finished (UTC)</th><th scope="col" class="number">Age</th><th scope="col" class="number">Users</th><th scope="col" class="number">Joined</th><th scope="col" class="number">Left</th><th scope="col" class="number">Changed</th><th scope="col">Verdict</th></tr></thead>
<tbody>${states.map(row)}</tbody>
<tfoot>${sums(states)}</tfoot>
</table></div></section>
</main>
<footer><p>Written ${minuteInWords(now)} from manifests and last-run.json alone; <span class="code">rollcall verify --tenant</span> checks a snapshot.</p></footer>`,
  );
}

function attention(states: readonly TenantState[]): Html | undefined {
  const troubles = states.flatMap((state) => {
    const trouble = troubleOf(state);
    return trouble === undefined
      ? []
      : [html`<li><strong>${nameOf(tenantLabel(state))}</strong>: ${trouble}</li>`];
  });
  if (troubles.length === 0) return undefined;
  return html`<section class="attention" aria-labelledby="attention">
<h2 id="attention">Needs attention</h2>
<ul>${troubles}</ul>
</section>`;
}

function row(state: TenantState): Html {
  const { latest, standing } = state;
  return html`<tr><th scope="row" class="name">${nameOf(tenantLabel(state))}</th><td>${STANDINGS[standing]}</td><td>${latest ? formatMinute(latest.finishedAt) : ""}</td><td class="number">${ageInWords(state)}</td>${[
    latest?.users,
    latest?.joined,
    latest?.left,
    latest?.changed,
  ].map(number)}<td>${latest?.verdict}</td></tr>
`;
}

function sums(states: readonly TenantState[]): Html {
  const sum = (of: (state: NonNullable<TenantState["latest"]>) => number | null) =>
    states.reduce((total, { latest }) => total + (latest ? (of(latest) ?? 0) : 0), 0);
  return html`<tr><th scope="row">All</th><td></td><td></td><td></td>${[
    sum(({ users }) => users),
    sum(({ joined }) => joined),
    sum(({ left }) => left),
    sum(({ changed }) => changed),
  ].map(number)}<td></td></tr>`;
}

function number(count: number | null | undefined): Html {
  return html`<td class="number">${count === null || count === undefined ? "–" : formatCount(count)}</td>`;
}
