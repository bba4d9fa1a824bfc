import { formatCount, plural } from "../../words/format.ts";
import { LATE_DAYS, type PendingGuests } from "../facts/review-facts.ts";
import type { RunFacts } from "../facts/run-facts.ts";
import { STALE_DAYS } from "../facts/sign-in-facts.ts";
import { skuName } from "../markup/sku-name.ts";
import type { AttentionPoint } from "./attention-point.ts";

/** How many licences are named. */
const NAMED = 2;

/** The kinds of accounts that somebody should look through. */
export function accountTrouble(facts: RunFacts): readonly AttentionPoint[] {
  return [...disabledLicensed(facts), ...longUnused(facts), ...pendingGuests(facts)];
}

function disabledLicensed({ disabledLicensed, licences }: RunFacts): readonly AttentionPoint[] {
  if (!disabledLicensed?.users) return [];
  const most = (licences?.skus ?? [])
    .filter(({ disabled }) => disabled > 0)
    .toSorted((one, other) => other.disabled - one.disabled)
    .slice(0, NAMED)
    .map(({ skuId, disabled }) => `${formatCount(disabled)} ${skuName(skuId) ?? skuId}`);
  const accounts = plural(
    disabledLicensed.users,
    "disabled account still holds",
    "disabled accounts still hold",
  );
  // None where there are too many licences to tell apart, and those of disabled accounts came late.
  const among = most.length > 0 ? `, among them ${most.join(" and ")}` : "";
  return [{ text: `${accounts} licences${among}.`, about: "disabled-licensed" }];
}

function longUnused({ signIns }: RunFacts): readonly AttentionPoint[] {
  if (!signIns) return [];
  const { stale, neverUsed, undated } = signIns.longUnused;
  const users = stale + neverUsed + undated;
  if (users === 0) return [];
  // Where nobody knows who is enabled, that is said among what was not looked for.
  const account = signIns.staleEnabled === null ? "account" : "enabled account";
  const since = [
    [stale, `for more than ${STALE_DAYS} days`],
    [neverUsed, `since ${neverUsed === 1 ? "it was" : "they were"} created`],
    [undated, "of unknown age"],
  ] as const;
  const told = since.filter(([count]) => count > 0).map(([count, words]) => `${formatCount(count)} ${words}`);
  const accounts = plural(users, `${account} is`, `${account}s are`);
  const unused = undated > 0 ? "long unused, or never used" : "long unused";
  return [{ text: `${accounts} ${unused}: ${told.join(", ")}.`, about: "unused" }];
}

function pendingGuests({ pendingGuests }: RunFacts): readonly AttentionPoint[] {
  if (!pendingGuests?.users) return [];
  const { users } = pendingGuests;
  const guests = plural(users, "guest was", "guests were");
  const late = lateInWords(pendingGuests);
  return [{ text: `${guests} invited and never arrived${late}.`, about: "pending-guests" }];
}

function lateInWords({ users, late }: PendingGuests): string {
  if (late === 0) return "";
  const who = users === 1 ? "" : late === users ? "all " : `${formatCount(late)} of them `;
  return `, ${who}more than ${LATE_DAYS} days ago`;
}
