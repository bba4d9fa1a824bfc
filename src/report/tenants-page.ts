import type { Standing, TenantState } from "../tenants/tenant-state.ts";
import { formatCount, formatMinute, plural } from "../words/format.ts";
import { ageInWords, sumInWords, tenantLabel, troubleOf } from "../words/tenant-words.ts";
import { renderDocument } from "./markup/document.ts";
import { type Content, type Html, html } from "./markup/html.ts";
import { table } from "./markup/table.ts";
import { dayInWords, minuteInWords } from "./markup/time-words.ts";
import { addressOf, sentence } from "./sections/account-names.ts";

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
<h1>${plural(states.length, "tenant")} on ${dayInWords(now)}</h1>
<p class="verdict">${sumInWords(states)}</p>
</header>
<main id="content" tabindex="-1">
${attention(states)}
<section aria-labelledby="tenants"><h2 id="tenants">Tenants</h2>
${table({
  labelledBy: "tenants",
  columns: [
    { title: "Tenant" },
    { title: "State" },
    { title: "Finished (UTC)" },
    { title: "Age", kind: "number" },
    { title: "Users", kind: "number" },
    { title: "Joined", kind: "number" },
    { title: "Left", kind: "number" },
    { title: "Changed", kind: "number" },
    { title: "Verdict" },
  ],
  rows: states.map(row),
  foot: sums(states),
})}</section>
</main>
<footer><p>Written ${minuteInWords(now)} from manifests and last-run.json alone; <span class="code">rollcall verify --tenant</span> checks a snapshot.</p></footer>`,
  );
}

function attention(states: readonly TenantState[]): Html | undefined {
  const troubles = states.flatMap((state) => {
    const trouble = troubleOf(state);
    return trouble === undefined
      ? []
      : [html`<li><strong>${addressOf(tenantLabel(state))}</strong>: ${sentence(trouble)}</li>`];
  });
  if (troubles.length === 0) return undefined;
  return html`<section class="attention" aria-labelledby="attention">
<h2 id="attention">Needs attention</h2>
<ul>${troubles}</ul>
</section>`;
}

function row(state: TenantState): readonly Content[] {
  const { latest, standing } = state;
  return [
    addressOf(tenantLabel(state)),
    STANDINGS[standing],
    latest ? formatMinute(latest.finishedAt) : "–",
    ageInWords(state) || "–",
    ...[latest?.users, latest?.joined, latest?.left, latest?.changed].map(number),
    latest?.verdict ?? "–",
  ];
}

function sums(states: readonly TenantState[]): readonly Content[] {
  const sum = (of: (state: NonNullable<TenantState["latest"]>) => number | null) =>
    states.reduce((total, { latest }) => total + (latest ? (of(latest) ?? 0) : 0), 0);
  return [
    "All",
    undefined,
    undefined,
    undefined,
    ...[
      sum(({ users }) => users),
      sum(({ joined }) => joined),
      sum(({ left }) => left),
      sum(({ changed }) => changed),
    ].map(number),
    undefined,
  ];
}

function number(count: number | null | undefined): string {
  return count === null || count === undefined ? "–" : formatCount(count);
}
