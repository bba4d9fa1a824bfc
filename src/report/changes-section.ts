import type { ChangesEntry } from "../snapshot/manifest.ts";
import { formatCount, plural } from "../words/format.ts";
import type { ChangedUser, ChangeHighlights } from "./change-highlights.ts";
import { type Content, type Html, html, nameOf } from "./html.ts";
import type { Report } from "./report.ts";
import { shareTable } from "./share-table.ts";

/** What changed since the run before. */
export function changesSection({ snapshot, highlights }: Report): Html {
  const { changes, changesSkipped } = snapshot.manifest;
  return html`<section aria-labelledby="changes">
<h2 id="changes">What changed</h2>
${changes && highlights ? told(changes, highlights) : html`<p class="empty">This run does not say what changed${changesSkipped === null ? "" : `: ${changesSkipped}`}.</p>`}
</section>`;
}

function told(changes: ChangesEntry, { byProperty, named }: ChangeHighlights): Content {
  const { against, joined, left, changed, notCompared } = changes;
  return html`<p>Since run <span class="code">${against}</span>: ${formatCount(joined)} joined, ${formatCount(left)} left, ${formatCount(changed)} changed.${
    notCompared.length > 0
      ? ` Not compared, because only one of the two runs has it: ${notCompared.join(", ")}.`
      : ""
  }</p>
${
  byProperty.length > 0
    ? shareTable(
        "What changed, by property",
        "Property",
        byProperty.map(({ property, users }) => ({ name: property, count: users })),
        changed,
      )
    : undefined
}
<div class="pair">
${peopleTable("Left", left, named.left)}
${peopleTable("Joined", joined, named.joined)}
</div>
${peopleTable("Changed", changed, named.changed, true)}`;
}

function peopleTable(
  title: string,
  total: number,
  people: readonly ChangedUser[],
  hasProperties = false,
): Html {
  const shown =
    people.length < total ? `the first ${people.length} of ${formatCount(total)}` : plural(total, "user");
  return html`<div><h3>${title} <span class="note">${shown}</span></h3>
${
  people.length === 0
    ? html`<p class="empty">Nobody.</p>`
    : html`<div class="scroll tall" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr><th scope="col">Name</th><th scope="col">User principal name</th>${hasProperties ? html`<th scope="col">What</th>` : undefined}</tr></thead>
<tbody>${people.map(
        ({ id, displayName, userPrincipalName, properties }) =>
          html`<tr><td class="name">${displayName ? nameOf(displayName) : "–"}</td><td class="name">${nameOf(userPrincipalName ?? id)}</td>${hasProperties ? html`<td class="name">${properties.join(", ")}</td>` : undefined}</tr>
`,
      )}</tbody></table></div>`
}</div>`;
}
