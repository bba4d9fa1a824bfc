import { DAY } from "../../clock.ts";
import { type Account, ownAccount } from "./account.ts";
import { FirstFew } from "./first-few.ts";

/** An invitation is late when it is older than this. */
export const LATE_DAYS = 30;
/** How many accounts are named. */
const NAMED = 25;
/** How many licences of each are named. */
const NAMED_LICENCES = 20;

/** A disabled account that still holds licences. */
export interface LicensedAccount extends Account {
  /** How many it holds. */
  readonly licences: number;
  /** Ids of the products, in lower case; at most 20 of them. */
  readonly skuIds: readonly string[];
}

/** Disabled accounts that still hold licences. */
export interface DisabledLicensed {
  readonly users: number;
  /** Those with the most licences; at most 25. */
  readonly named: readonly LicensedAccount[];
}

/** A guest who has not accepted the invitation. */
export interface PendingGuest extends Account {
  /** Since when; ISO 8601. Absent where neither that nor the account's creation is known. */
  readonly since: string | undefined;
}

/** Guests who were invited and have not arrived, by `externalUserState`. */
export interface PendingGuests {
  readonly users: number;
  /** Those who were invited more than {@link LATE_DAYS} days before the snapshot. */
  readonly late: number;
  /** Those who have been awaited longest; at most 25. */
  readonly named: readonly PendingGuest[];
}

/** Counts the accounts that somebody should look at. Memory does not grow with their number. */
export class ReviewTally {
  readonly #lateBeforeMs: number;
  readonly #licensed = new FirstFew<LicensedAccount>(
    NAMED,
    (one, other) => other.licences - one.licences,
    ownAccount,
  );
  readonly #pending = new FirstFew<PendingGuest>(
    NAMED,
    (one, other) => sinceMs(one) - sinceMs(other),
    ownAccount,
  );
  #disabledLicensed = 0;
  #pendingGuests = 0;
  #late = 0;

  /** @param asOfMs in milliseconds since the Unix epoch */
  constructor(asOfMs: number) {
    this.#lateBeforeMs = asOfMs - LATE_DAYS * DAY;
  }

  /** Adds a disabled account with licences. */
  addDisabledLicensed(account: Account, skuIds: readonly string[]): void {
    this.#disabledLicensed++;
    this.#licensed.add({
      ...account,
      licences: skuIds.length,
      skuIds: skuIds.slice(0, NAMED_LICENCES),
    });
  }

  /**
   * Adds a guest who has not accepted.
   *
   * @param invitedMs in milliseconds since the Unix epoch; `NaN` where it is not known
   */
  addPendingGuest(account: Account, invitedMs: number): void {
    this.#pendingGuests++;
    if (invitedMs < this.#lateBeforeMs) this.#late++;
    const since = Number.isNaN(invitedMs) ? undefined : new Date(invitedMs).toISOString();
    this.#pending.add({ ...account, since });
  }

  /** What was counted. */
  get disabledLicensed(): DisabledLicensed {
    return { users: this.#disabledLicensed, named: this.#licensed.items };
  }

  /** What was counted. */
  get pendingGuests(): PendingGuests {
    return { users: this.#pendingGuests, late: this.#late, named: this.#pending.items };
  }
}

/** Those of whom it is not known come last. */
function sinceMs({ since }: PendingGuest): number {
  return since === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(since);
}
