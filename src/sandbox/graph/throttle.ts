import { Refusal } from "../service/refusal.ts";

/** Limits of Graph's identity service (learn.microsoft.com/graph/throttling-limits). */
export interface ThrottleOptions {
  /** Resource units that an app may spend in one tenant per 10 seconds: 3500, 5000 or 8000 in the real one. */
  readonly resourceUnitsPer10s: number;
  /** Requests per minute that select `signInActivity`; 10 by default. */
  readonly signInActivityPerMinute?: number;
}

/** From this share of the limit on, replies report how close it is. */
const WARNING_SHARE = 0.8;

/** Requests beyond the limit still count against it, up to this share. */
const MAX_SHARE = 1.8;

/** A token bucket of resource units. */
export class Throttle {
  readonly #capacity: number;
  readonly #signInActivityPerMinute: number;
  readonly #scope: string;
  #units: number;
  #filledAt = Date.now();
  #signInActivity: number[] = [];

  /** @param scope value of `x-ms-throttle-scope` */
  constructor(options: ThrottleOptions, scope: string) {
    this.#capacity = options.resourceUnitsPer10s;
    this.#signInActivityPerMinute = options.signInActivityPerMinute ?? 10;
    this.#scope = scope;
    this.#units = this.#capacity;
  }

  /** Spends units on a request. Returns headers that warn of the limit, or refuses with 429. */
  spend(units: number): Readonly<Record<string, string>> {
    const now = Date.now();
    const perMs = this.#capacity / 10_000;
    this.#units = Math.min(this.#capacity, this.#units + (now - this.#filledAt) * perMs);
    this.#filledAt = now;
    const enough = this.#units >= units;
    this.#units = Math.max(this.#units - units, this.#capacity * (1 - MAX_SHARE));
    if (!enough) throw this.#tooMany(Math.max(1, Math.ceil((units - this.#units) / perMs / 1000)));
    const share = 1 - this.#units / this.#capacity;
    return share < WARNING_SHARE ? {} : { "x-ms-throttle-limit-percentage": share.toFixed(1) };
  }

  /** Counts a request that reads sign-in activity, which has its own limit. */
  spendSignInActivity(): void {
    const now = Date.now();
    this.#signInActivity = this.#signInActivity.filter((at) => at > now - 60_000);
    const oldest = this.#signInActivity[0];
    this.#signInActivity.push(now);
    if (oldest !== undefined && this.#signInActivity.length > this.#signInActivityPerMinute) {
      this.#signInActivity.pop();
      const retryAfter = String(Math.max(1, Math.ceil((oldest + 60_000 - now) / 1000)));
      const message =
        "This request is throttled. Please try again after the value specified in the Retry-After header.";
      throw new Refusal(429, "UnknownError", message, { headers: { "Retry-After": retryAfter } });
    }
  }

  #tooMany(retryAfterSeconds: number): Refusal {
    return new Refusal(429, "TooManyRequests", "Please retry again later.", {
      headers: {
        "Retry-After": String(retryAfterSeconds),
        "x-ms-throttle-scope": this.#scope,
        "x-ms-throttle-information": "ResourceUnitLimitExceeded",
        "x-ms-throttle-limit-percentage": Math.min(MAX_SHARE, 1 - this.#units / this.#capacity).toFixed(1),
      },
    });
  }
}
