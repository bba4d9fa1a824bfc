import * as z from "zod";
import { DAY } from "../../clock.ts";
import { type Account, ownAccount } from "./account.ts";
import { FirstFew } from "./first-few.ts";

/** An account is stale when nobody has signed in for longer than this. */
export const STALE_DAYS = 90;
/** How many accounts are named. */
const NAMED = 25;

/** An account that has long gone unused and is not known to be disabled. */
export interface UnusedAccount extends Account {
  /** ISO 8601; absent when nobody ever signed in. */
  readonly lastSignIn: string | undefined;
  /** ISO 8601, of an account that nobody ever used; absent where it was not selected, and for all others. */
  readonly created: string | undefined;
}

/** When accounts were last used, seen from the day of the snapshot. */
export interface SignInFacts {
  /** Used within {@link STALE_DAYS}. */
  readonly recent: number;
  /** Not used for longer. */
  readonly stale: number;
  /** Entra ID has no sign-in on record. */
  readonly neverUsed: number;
  /** The stale accounts that are enabled; `null` where `accountEnabled` was not selected. */
  readonly staleEnabled: number | null;
  /** As {@link staleEnabled}, of the accounts that were never used. */
  readonly neverUsedEnabled: number | null;
  readonly longUnused: LongUnused;
}

/** Accounts that have long gone unused: the enabled ones; all where `accountEnabled` was not selected. */
export interface LongUnused {
  /** Not used within {@link STALE_DAYS}. */
  readonly stale: number;
  /** Never used, and created before that. */
  readonly neverUsed: number;
  /** Never used, and nobody knows for how long: when they were created was not selected, or is not known. */
  readonly undated: number;
  /** Those who have gone unused longest, since they were last used or created; at most 25. */
  readonly named: readonly UnusedAccount[];
}

const Activity = z.object({
  lastSuccessfulSignInDateTime: z.string().nullish(),
  lastSignInDateTime: z.string().nullish(),
  lastNonInteractiveSignInDateTime: z.string().nullish(),
});

/** Counts accounts by when they were last used. Memory does not grow with their number. */
export class SignInTally {
  readonly #staleBeforeMs: number;
  readonly #knowsEnabled: boolean;
  readonly #counts = { recent: 0, stale: 0, neverUsed: 0 };
  readonly #enabled = { recent: 0, stale: 0, neverUsed: 0 };
  readonly #longUnused = { stale: 0, neverUsed: 0, undated: 0 };
  readonly #longest = new FirstFew<{ readonly account: UnusedAccount; readonly sinceMs: number }>(
    NAMED,
    (one, other) => one.sinceMs - other.sinceMs,
    ({ account, sinceMs }) => ({ account: ownAccount(account), sinceMs }),
  );

  /**
   * @param asOfMs when the run began, in milliseconds since the Unix epoch
   * @param knowsEnabled whether `accountEnabled` was selected
   */
  constructor(asOfMs: number, knowsEnabled: boolean) {
    this.#staleBeforeMs = asOfMs - STALE_DAYS * DAY;
    this.#knowsEnabled = knowsEnabled;
  }

  /**
   * Adds an account.
   *
   * @param createdMs in milliseconds since the Unix epoch; `NaN` where it is not known
   */
  add(account: Account, isEnabled: boolean, createdMs: number, signInActivity: unknown): void {
    const usedMs = lastUseMs(signInActivity);
    const state = usedMs === undefined ? "neverUsed" : usedMs < this.#staleBeforeMs ? "stale" : "recent";
    this.#counts[state]++;
    if (isEnabled) this.#enabled[state]++;
    if (state === "recent" || (usedMs === undefined && createdMs >= this.#staleBeforeMs)) return;
    if (!isEnabled && this.#knowsEnabled) return;
    const isUndated = usedMs === undefined && Number.isNaN(createdMs);
    this.#longUnused[isUndated ? "undated" : state]++;
    const lastSignIn = usedMs === undefined ? undefined : new Date(usedMs).toISOString();
    const created = usedMs !== undefined || isUndated ? undefined : new Date(createdMs).toISOString();
    // An account of unknown age comes last.
    const sinceMs = isUndated ? this.#staleBeforeMs : (usedMs ?? createdMs);
    this.#longest.add({ account: { ...account, lastSignIn, created }, sinceMs });
  }

  /** What was counted. */
  facts(): SignInFacts {
    const { stale, neverUsed } = this.#enabled;
    return {
      ...this.#counts,
      staleEnabled: this.#knowsEnabled ? stale : null,
      neverUsedEnabled: this.#knowsEnabled ? neverUsed : null,
      longUnused: { ...this.#longUnused, named: this.#longest.items.map(({ account }) => account) },
    };
  }
}

/**
 * An account's latest sign-in, including those by programs in its name. `undefined` when there is none; Graph may write
 * that as `0001-01-01`.
 */
function lastUseMs(signInActivity: unknown): number | undefined {
  const { data } = Activity.safeParse(signInActivity);
  const times = Object.values(data ?? {})
    .map((time) => Date.parse(time ?? ""))
    .filter((timeMs) => timeMs > 0);
  return times.length > 0 ? Math.max(...times) : undefined;
}
