import type { ChangesEntry } from "../../snapshot/manifest.ts";
import { formatCount, plural } from "../../words/format.ts";
import type { ChangedUser, ChangeHighlights, MovedUser } from "../facts/change-highlights.ts";
import type { Report } from "../facts/report.ts";
import { type Content, type Html, html, nameOf } from "../markup/html.ts";
import { shareTable } from "../markup/share-table.ts";
import { table } from "../markup/table.ts";
import { accountAddress, addressOf, displayNameOf } from "./account-names.ts";
import { restlessInWords } from "./change-words.ts";
import { changeInWords } from "./value-words.ts";

/** Properties of a user that are shown. */
const SHOWN = 6;

/** What changed since the run before. */
export function changesSection({ snapshot, highlights }: Report): Html {
  const { changes, changesSkipped } = snapshot.manifest;
  return html`<section aria-labelledby="changes">
<h2 id="changes">What changed</h2>
${changes && highlights ? told(changes, highlights) : html`<p class="empty">This run does not say what changed${changesSkipped === null ? "" : `: ${changesSkipped}`}.</p>`}
</section>`;
}

function told(
  { against, joined, left, changed, notCompared }: ChangesEntry,
  highlights: ChangeHighlights,
): Content {
  const restless = restlessInWords(highlights);
  return html`<p>Since run <span class="code">${against}</span>: ${formatCount(joined)} joined, ${formatCount(left)} left, ${formatCount(changed)} changed${
    restless && ` (${restless})`
  }.${
    notCompared.length > 0
      ? ` Not compared, because only one of the two runs has it: ${notCompared.join(", ")}.`
      : ""
  }</p>
${movedTable("Left", "left", left, highlights.left)}
${movedTable("Joined", "joined", joined, highlights.joined)}
${changedTable(changed, highlights)}
${
  highlights.byProperty.length > 0
    ? shareTable(
        "What changed, by property",
        "Property",
        highlights.byProperty.map(({ property, users }) => ({ name: property, count: users })),
        changed,
      )
    : undefined
}`;
}

function movedTable(title: string, id: string, total: number, people: readonly MovedUser[]): Html {
  return peopleTable(title, id, total, people.length, () =>
    table({
      labelledBy: id,
      style: "people",
      columns: [
        { title: "Name" },
        { title: "User principal name", kind: "long" },
        { title: "Department" },
        { title: "Type" },
      ],
      rows: people.map((user) => [
        displayNameOf(user),
        accountAddress(user),
        user.department === undefined ? "–" : nameOf(user.department),
        user.userType ?? "–",
      ]),
    }),
  );
}

function changedTable(total: number, highlights: ChangeHighlights): Html {
  const { changed: people } = highlights;
  const restless = restlessInWords(highlights);
  const named = () =>
    table({
      labelledBy: "changed",
      style: "people",
      columns: [
        { title: "Name" },
        { title: "User principal name", kind: "long" },
        { title: "Before → after", kind: "long" },
      ],
      rows: people.map((user) => [displayNameOf(user), accountAddress(user), valuesOf(user)]),
    });
  return peopleTable("Changed", "changed", total, people.length, () => [
    restless && html`<p>${restless}.</p>`,
    people.length > 0 ? named() : undefined,
  ]);
}

function valuesOf({ values }: ChangedUser): Content {
  const more = values.length - SHOWN;
  return [
    ...values.slice(0, SHOWN).map(({ property, before, after }) => {
      const [was, is] = changeInWords(property, before, after).map(isolated);
      return html`<p><span class="property">${property}</span> ${was} → <strong>${is}</strong></p>`;
    }),
    more > 0
      ? html`<p class="note">and ${plural(more, "other property", "other properties")}</p>`
      : undefined,
  ];
}

function isolated(value: string): Html {
  return value.includes("@") ? addressOf(value) : nameOf(value);
}

function peopleTable(title: string, id: string, total: number, named: number, people: () => Content): Html {
  const shown = named < total ? `${named} of ${formatCount(total)}` : plural(total, "user");
  return html`<h3 id="${id}">${title} <span class="note">${shown}</span></h3>
${total === 0 ? html`<p class="empty">Nobody.</p>` : people()}`;
}
