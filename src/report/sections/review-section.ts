import { formatCount, plural } from "../../words/format.ts";
import type { Account } from "../facts/account.ts";
import type { Report } from "../facts/report.ts";
import { LATE_DAYS, type LicensedAccount } from "../facts/review-facts.ts";
import { STALE_DAYS } from "../facts/sign-in-facts.ts";
import { type Content, type Html, html } from "../markup/html.ts";
import { skuName } from "../markup/sku-name.ts";
import { table } from "../markup/table.ts";
import { dayInWords } from "../markup/time-words.ts";
import { accountAddress, displayNameOf } from "./account-names.ts";

/** The accounts that somebody should look through. */
export function reviewSection(report: Report): Html {
  return html`<section aria-labelledby="review">
<h2 id="review">Accounts to review</h2>
${disabledLicensed(report)}
${longUnused(report)}
${pendingGuests(report)}
</section>`;
}

function disabledLicensed({ facts: { disabledLicensed } }: Report): Html {
  const [id, title] = ["disabled-licensed", "Disabled, with licences"];
  if (!disabledLicensed) return unknown(id, title, "the properties accountEnabled and assignedLicenses");
  const { users, named } = disabledLicensed;
  return group({
    id,
    title,
    users,
    named,
    first: "those with the most licences",
    heading: "Licences",
    details: named.map(licencesInWords),
  });
}

function licencesInWords({ skuIds, licences }: LicensedAccount): string {
  const names = skuIds.map((skuId) => skuName(skuId) ?? skuId).join(", ");
  const more = licences - skuIds.length;
  return more === 0 ? names : `${names} and ${formatCount(more)} more`;
}

function longUnused({ facts: { signIns } }: Report): Html {
  if (!signIns) return unknown("unused", "Enabled, and long unused", "the property signInActivity");
  const { stale, neverUsed, undated, named } = signIns.longUnused;
  const ageless = undated > 0 ? `, or never and of unknown age (${formatCount(undated)})` : "";
  return group({
    id: "unused",
    title: signIns.staleEnabled === null ? "Long unused" : "Enabled, and long unused",
    users: stale + neverUsed + undated,
    named,
    first: "those unused for longest",
    note: `Not used for more than ${STALE_DAYS} days before the snapshot, or never and created before then${ageless}.`,
    heading: "Last used",
    details: named.map(({ lastSignIn, created }) => {
      if (lastSignIn !== undefined) return dayInWords(lastSignIn);
      return created === undefined ? "never" : `never; created ${dayInWords(created)}`;
    }),
  });
}

function pendingGuests({ facts: { pendingGuests } }: Report): Html {
  const [id, title] = ["pending-guests", "Invited, and never arrived"];
  if (!pendingGuests) return unknown(id, title, "the property externalUserState");
  const { users, late, named } = pendingGuests;
  return group({
    id,
    title,
    users,
    named,
    first: "those invited longest ago",
    note: `${formatCount(late)} of ${formatCount(users)} were invited more than ${LATE_DAYS} days before the snapshot.`,
    heading: "Since",
    details: named.map(({ since }) => (since === undefined ? "–" : dayInWords(since))),
  });
}

/** Accounts of one kind. */
interface Group {
  readonly id: string;
  readonly title: string;
  /** All of them. */
  readonly users: number;
  readonly named: readonly Account[];
  /** Which are named where not all are. */
  readonly first: string;
  readonly note?: string;
  /** Of the column with the details. */
  readonly heading: string;
  /** One for each who is named. */
  readonly details: readonly Content[];
}

function group({ id, title, users, named, first, note, heading, details }: Group): Html {
  const shown =
    named.length < users ? `${named.length} of ${formatCount(users)}, ${first}` : plural(users, "user");
  return html`<h3 id="${id}">${title} <span class="note">${shown}</span></h3>
${
  named.length === 0
    ? html`<p class="empty">Nobody.</p>`
    : html`${note && html`<p>${note}</p>`}
${table({
  labelledBy: id,
  style: "people",
  columns: [
    { title: "Name" },
    { title: "User principal name", kind: "long" },
    { title: heading, kind: "long" },
  ],
  rows: named.map((account, at) => [displayNameOf(account), accountAddress(account), details[at]]),
})}`
}`;
}

function unknown(id: string, title: string, needed: string): Html {
  return html`<h3 id="${id}">${title}</h3>
<p class="empty">Not in this snapshot: it needs ${needed}.</p>`;
}
