import { formatCount, plural } from "../../words/format.ts";
import { LATE_DAYS } from "../facts/review-facts.ts";
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
  return [{ text: `${accounts} licences, among them ${most.join(" and ")}.`, about: "disabled-licensed" }];
}

function longUnused({ signIns }: RunFacts): readonly AttentionPoint[] {
  const stale = signIns?.staleEnabled ?? 0;
  const never = signIns?.neverUsedLongEnabled ?? 0;
  if (stale + never === 0) return [];
  const accounts = plural(stale + never, "enabled account is", "enabled accounts are");
  const text = `${accounts} long unused: ${formatCount(stale)} for more than ${STALE_DAYS} days, ${formatCount(never)} since ${never === 1 ? "it was" : "they were"} created.`;
  return [{ text, about: "unused" }];
}

function pendingGuests({ pendingGuests }: RunFacts): readonly AttentionPoint[] {
  if (!pendingGuests?.users) return [];
  const { users } = pendingGuests;
  const late = pendingGuests.late === users ? "all" : `${formatCount(pendingGuests.late)} of them`;
  const guests = plural(users, "guest was", "guests were");
  const text = `${guests} invited and never arrived, ${late} more than ${LATE_DAYS} days ago.`;
  return [{ text, about: "pending-guests" }];
}
