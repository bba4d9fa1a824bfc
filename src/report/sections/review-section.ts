import { formatCount, plural } from "../../words/format.ts";
import type { Account } from "../facts/account.ts";
import type { Report } from "../facts/report.ts";
import { LATE_DAYS } from "../facts/review-facts.ts";
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
  if (!disabledLicensed) {
    return unknown(
      "disabled-licensed",
      "Disabled, with licences",
      "the properties accountEnabled and assignedLicenses",
    );
  }
  const { users, named } = disabledLicensed;
  return group(
    "disabled-licensed",
    "Disabled, with licences",
    users,
    named,
    "Licences",
    named.map(({ skuIds }) => skuIds.map((skuId) => skuName(skuId) ?? skuId).join(", ")),
  );
}

function longUnused({ facts: { signIns } }: Report): Html {
  if (!signIns) return unknown("unused", "Enabled, and long unused", "the property signInActivity");
  const { staleEnabled, neverUsedLongEnabled, longestUnused } = signIns;
  const knows = staleEnabled !== null && neverUsedLongEnabled !== null;
  return group(
    "unused",
    knows ? "Enabled, and long unused" : "Long unused",
    knows ? staleEnabled + neverUsedLongEnabled : longestUnused.length,
    longestUnused,
    "Last used",
    longestUnused.map(({ lastSignIn, created }) => {
      if (lastSignIn !== undefined) return dayInWords(lastSignIn);
      return created === undefined ? "never" : `never; created ${dayInWords(created)}`;
    }),
    `Not used for more than ${STALE_DAYS} days before the snapshot, or never and created before then.`,
  );
}

function pendingGuests({ facts: { pendingGuests } }: Report): Html {
  if (!pendingGuests)
    return unknown("pending-guests", "Invited, and never arrived", "the property externalUserState");
  const { users, late, named } = pendingGuests;
  return group(
    "pending-guests",
    "Invited, and never arrived",
    users,
    named,
    "Since",
    named.map(({ since }) => (since === undefined ? "–" : dayInWords(since))),
    `${formatCount(late)} of ${formatCount(users)} were invited more than ${LATE_DAYS} days before the snapshot.`,
  );
}

function group(
  id: string,
  title: string,
  users: number,
  named: readonly Account[],
  heading: string,
  details: readonly Content[],
  note?: string,
): Html {
  const shown =
    named.length < users ? `the first ${named.length} of ${formatCount(users)}` : plural(users, "user");
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
