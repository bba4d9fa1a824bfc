import type { Completeness } from "../snapshot/completeness.ts";
import type { ChangesEntry, CredentialEntry } from "../snapshot/manifest.ts";
import { formatCount, formatDaysFrom } from "../words/format.ts";
import { type Content, type Html, html } from "./html.ts";
import type { Report } from "./report.ts";
import { percentInWords } from "./share-table.ts";
import { dayInWords, minuteInWords } from "./time-words.ts";

/** The essentials, for readers who stop here. */
export function headline({ snapshot, facts, nowMs }: Report): Html {
  const { manifest, isLatest } = snapshot;
  const { runId, completeness, previous, credential, changes } = manifest;
  return html`<header>
<p class="eyebrow">Rollcall · directory snapshot${isLatest ? "" : " · not the latest"}</p>
<h1>${formatCount(facts.users)} users on ${dayInWords(manifest.finishedAt)}</h1>
<p class="about">Tenant <span class="code">${manifest.tenantId}</span> · run <span class="code">${runId}</span> · finished ${minuteInWords(manifest.finishedAt)}</p>
<p class="verdict"><span aria-hidden="true">${completeness.counted === null ? "–" : "✓"}</span> ${verdictInWords(completeness)}</p>
<dl class="tiles">
${tile("Users", formatCount(facts.users), previous ? `${signed(facts.users - previous.users)} since the run before` : "first run")}
${changeTiles(changes)}
${shareTile("Enabled", facts.accounts?.enabled, facts.users)}
${shareTile("Guests", facts.types?.guests, facts.users)}
${credentialTile(credential, nowMs)}
</dl>
</header>`;
}

/** What needs attention; nothing when nothing does. */
export function attention({ snapshot }: Report): Html | undefined {
  const { warnings } = snapshot.manifest;
  if (warnings.length === 0) return undefined;
  return html`<section class="attention" aria-labelledby="attention">
<h2 id="attention">Needs attention</h2>
<ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>
</section>`;
}

function verdictInWords({ unique, counted, verdict }: Completeness): Content {
  return counted === null
    ? html`<strong>Uncounted.</strong> There is no count to compare the ${formatCount(unique)} users with.`
    : html`<strong>${verdict === "complete" ? "Complete." : verdict}</strong> ${formatCount(unique)} users listed; the directory counts ${formatCount(counted)}.`;
}

function changeTiles(changes: ChangesEntry | null): Content {
  if (!changes) return tile("Joined, left, changed", "unknown", "see What changed");
  return [
    tile("Joined", formatCount(changes.joined)),
    tile("Left", formatCount(changes.left)),
    tile("Changed", formatCount(changes.changed)),
  ];
}

function credentialTile({ kind, name, expiresOn }: CredentialEntry, nowMs: number): Html {
  if (name === null) return tile("Credential", "–", `${kind}, nothing expires`);
  if (expiresOn === null) return tile("Credential", "–", `${kind}, no expiry kept`);
  const isOver = Date.parse(expiresOn) < nowMs;
  const left = formatDaysFrom(nowMs, expiresOn).replace(/^in /, "");
  return tile("Credential", left, `${kind} ${isOver ? "ended" : "ends"} ${expiresOn.slice(0, 10)}`);
}

function shareTile(title: string, count: number | undefined, users: number): Html {
  if (count === undefined) return tile(title, "–", "not in this snapshot");
  return tile(
    title,
    formatCount(count),
    users > 0 ? `${percentInWords((count / users) * 100)} of users` : "",
  );
}

function tile(title: string, value: string, note = ""): Html {
  return html`<div><dt>${title}</dt><dd><span class="value">${value}</span>${note && html`<span class="note">${note}</span>`}</dd></div>
`;
}

function signed(difference: number): string {
  if (difference === 0) return "no more, no fewer";
  return difference > 0 ? `+${formatCount(difference)}` : `−${formatCount(-difference)}`;
}
