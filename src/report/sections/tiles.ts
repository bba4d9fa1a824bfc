import type { ChangesEntry, CredentialEntry } from "../../snapshot/manifest.ts";
import { formatCount, formatDaysFrom } from "../../words/format.ts";
import type { Report } from "../facts/report.ts";
import { type Content, type Html, html } from "../markup/html.ts";
import { percentInWords } from "../markup/share-table.ts";
import { dayInWords } from "../markup/time-words.ts";
import { restlessInWords } from "./change-words.ts";

/** The figures that people look for first. */
export function tiles({ snapshot: { manifest }, facts, highlights, nowMs }: Report): Html {
  const { previous, credential, changes } = manifest;
  return html`<dl class="tiles">
${tile("Users", formatCount(facts.users), previous ? `${signed(facts.users - previous.users)} since the run before` : "first run")}
${changeTiles(changes, restlessInWords(highlights))}
${shareTile("Enabled", facts.accounts?.enabled, facts.users)}
${shareTile("Guests", facts.types?.guests, facts.users)}
${credentialTile(credential, nowMs)}
</dl>`;
}

function changeTiles(changes: ChangesEntry | null, restless: string): Content {
  if (!changes) return tile("Joined, left, changed", "unknown", "see What changed");
  return [
    tile("Joined", formatCount(changes.joined)),
    tile("Left", formatCount(changes.left)),
    tile("Changed", formatCount(changes.changed), restless),
  ];
}

function credentialTile({ kind, name, expiresOn }: CredentialEntry, nowMs: number): Html {
  if (name === null) return tile("Credential", "–", `${kind}, nothing expires`);
  if (expiresOn === null) return tile("Credential", "–", `${kind}, no expiry kept`);
  const isOver = Date.parse(expiresOn) < nowMs;
  const left = formatDaysFrom(nowMs, expiresOn).replace(/^in /, "");
  return tile("Credential", left, `${kind} ${isOver ? "ended" : "ends"} ${dayInWords(expiresOn)}`);
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
