import * as z from "zod";
import { DAY } from "../clock.ts";

/** An account is stale when nobody has signed in for longer than this. */
export const STALE_DAYS = 90;
/** How many accounts are named. */
const NAMED = 25;

/** A stale account that is not known to be disabled. */
export interface UnusedAccount {
  /** As in the snapshot; absent where it was not selected. */
  readonly userPrincipalName: string | undefined;
  readonly displayName: string | undefined;
  readonly id: string;
  /** ISO 8601; absent when nobody ever signed in. */
  readonly lastSignIn: string | undefined;
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
  /** The stale accounts that have gone unused longest and are not known to be disabled; at most 25. */
  readonly longestUnused: readonly UnusedAccount[];
}

const Activity = z.object({
  lastSuccessfulSignInDateTime: z.string().nullish(),
  lastSignInDateTime: z.string().nullish(),
  lastNonInteractiveSignInDateTime: z.string().nullish(),
});

/** Counts accounts by when they were last used. Memory does not grow with their number. */
export class SignInTally {
  readonly #asOfMs: number;
  readonly #knowsEnabled: boolean;
  readonly #counts = { recent: 0, stale: 0, neverUsed: 0 };
  readonly #enabled = { recent: 0, stale: 0, neverUsed: 0 };
  /** Longest unused first. */
  readonly #longest: { readonly account: UnusedAccount; readonly usedMs: number }[] = [];

  /**
   * @param asOfMs when the snapshot was finished, in milliseconds since the Unix epoch
   * @param knowsEnabled whether `accountEnabled` was selected
   */
  constructor(asOfMs: number, knowsEnabled: boolean) {
    this.#asOfMs = asOfMs;
    this.#knowsEnabled = knowsEnabled;
  }

  /** Adds an account. */
  add(account: Omit<UnusedAccount, "lastSignIn">, isEnabled: boolean, signInActivity: unknown): void {
    const usedMs = lastUseMs(signInActivity);
    const state = usedMs === undefined ? "neverUsed" : this.#isStale(usedMs) ? "stale" : "recent";
    this.#counts[state]++;
    if (isEnabled) this.#enabled[state]++;
    if (state === "stale" && usedMs !== undefined && (isEnabled || !this.#knowsEnabled)) {
      this.#name({ ...account, lastSignIn: new Date(usedMs).toISOString() }, usedMs);
    }
  }

  /** What was counted. */
  facts(): SignInFacts {
    return {
      ...this.#counts,
      staleEnabled: this.#knowsEnabled ? this.#enabled.stale : null,
      neverUsedEnabled: this.#knowsEnabled ? this.#enabled.neverUsed : null,
      longestUnused: this.#longest.map(({ account }) => account),
    };
  }

  #isStale(usedMs: number): boolean {
    return usedMs < this.#asOfMs - STALE_DAYS * DAY;
  }

  #name(account: UnusedAccount, usedMs: number): void {
    const last = this.#longest.at(-1);
    if (this.#longest.length === NAMED && last && last.usedMs <= usedMs) return;
    const at = this.#longest.findIndex((other) => other.usedMs > usedMs);
    this.#longest.splice(at < 0 ? this.#longest.length : at, 0, { account, usedMs });
    if (this.#longest.length > NAMED) this.#longest.pop();
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
