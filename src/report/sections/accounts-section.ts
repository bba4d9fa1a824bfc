import { formatCount } from "../../words/format.ts";
import { type LicenceCounts, MOST_LICENCES } from "../facts/licence-facts.ts";
import type { Report } from "../facts/report.ts";
import type { RunFacts } from "../facts/run-facts.ts";
import { type SignInFacts, STALE_DAYS } from "../facts/sign-in-facts.ts";
import { type Html, html } from "../markup/html.ts";
import { type Share, shareTable } from "../markup/share-table.ts";
import { skuName } from "../markup/sku-name.ts";

/** How many accounts are enabled, are guests, and are used. */
export function accountsSection({ facts }: Report): Html {
  const { accounts, types, signIns, users } = facts;
  return html`<section aria-labelledby="accounts">
<h2 id="accounts">Accounts</h2>
<div class="pair">
${
  accounts
    ? shareTable(
        "Enabled and disabled",
        "Account",
        withoutNone(
          ["Enabled", accounts.enabled],
          ["Disabled", accounts.disabled],
          ["Not told", accounts.unknown],
        ),
        users,
      )
    : missing("Enabled and disabled", "accountEnabled")
}
${
  types
    ? shareTable(
        "Members and guests",
        "Type",
        withoutNone(["Members", types.members], ["Guests", types.guests], ["Not told", types.unknown]),
        users,
      )
    : missing("Members and guests", "userType")
}
</div>
${signIns ? signInTables(signIns, users) : missing("When accounts were used last", "signInActivity")}
</section>`;
}

/** How many users hold each licence. */
export function licencesSection({ facts }: Report): Html {
  return html`<section aria-labelledby="licences">
<h2 id="licences">Licences</h2>
${facts.licences ? licenceTable(facts.licences, facts) : html`<p class="empty">Not in this snapshot: it needs the property assignedLicenses.</p>`}
</section>`;
}

function signInTables(signIns: SignInFacts, users: number): Html {
  const { recent, stale, neverUsed, staleEnabled, neverUsedEnabled } = signIns;
  const shares = withoutNone(
    [`Used in the last ${STALE_DAYS} days`, recent],
    [`Stale: not used for more than ${STALE_DAYS} days`, stale],
    ["Never used, as far as Entra ID remembers", neverUsed],
  );
  return html`${shareTable("When accounts were used last", "Account", shares, users)}
${
  staleEnabled === null || neverUsedEnabled === null
    ? undefined
    : html`<p>Still enabled: <strong>${formatCount(staleEnabled)}</strong> of the stale and <strong>${formatCount(neverUsedEnabled)}</strong> of the never-used accounts.</p>`
}`;
}

function licenceTable({ licensed, skus, isCut }: LicenceCounts, { users, accounts }: RunFacts): Html {
  const shares: Share[] = skus.map(({ skuId, users: count, disabled }) => {
    const name = skuName(skuId);
    const id = html`<span class="code">${skuId}</span>`;
    return {
      name: name === undefined ? id : html`${name}<br>${id}`,
      count,
      more: accounts ? [disabled] : [],
    };
  });
  return html`<p>${formatCount(licensed)} users have a licence, ${formatCount(users - licensed)} have none. A user with several licences counts once for each.${
    isCut
      ? ` There are more than ${formatCount(MOST_LICENCES)} licences: those that come late in the list are not counted.`
      : ""
  }</p>
${shares.length > 0 ? shareTable("Users of each licence", "Licence", shares, users, accounts ? ["Disabled"] : []) : undefined}`;
}

/** Leaves out the third count when it is 0. */
function withoutNone(...counts: readonly (readonly [name: string, count: number])[]): readonly Share[] {
  return counts.filter(([, count], at) => at < 2 || count > 0).map(([name, count]) => ({ name, count }));
}

function missing(title: string, property: string): Html {
  return html`<div><h3>${title}</h3><p class="empty">Not in this snapshot: it needs the property ${property}.</p></div>`;
}
