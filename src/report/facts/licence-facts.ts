import * as z from "zod";
import { GUID_LENGTH } from "../../rows/guid.ts";

/** How many licences are told apart. A tenant has some hundred at most; memory and the page have an end. */
export const MOST_LICENCES = 1000;

const Licences = z.array(z.object({ skuId: z.string().nullish() }));

/** By `assignedLicenses`. */
export interface LicenceCounts {
  /** Users with at least one. */
  readonly licensed: number;
  /** Users of each licence, the most first; at most {@link MOST_LICENCES}. */
  readonly skus: readonly SkuCount[];
  /** Whether there were more licences than are told apart: those that came late are not counted. */
  readonly isCut: boolean;
}

/** Users of a licence. */
export interface SkuCount {
  /** In lower case. */
  readonly skuId: string;
  readonly users: number;
  /** Those whose account is disabled; 0 where `accountEnabled` was not selected. */
  readonly disabled: number;
}

/** Counts users by licence. */
export class LicenceTally {
  readonly #skus = new Map<string, { users: number; disabled: number }>();
  #licensed = 0;
  #isCut = false;

  /**
   * Adds a user.
   *
   * @param json of `assignedLicenses`
   * @returns the ids of the user's licences, in lower case
   */
  add(json: string, isDisabled: boolean): readonly string[] {
    if (!json.includes("skuId")) return [];
    const { data = [] } = Licences.safeParse(JSON.parse(json));
    const ids = data.flatMap(({ skuId }) => skuId?.toLowerCase() ?? []);
    // Anything longer is no id, and could be of any length.
    const skuIds = [...new Set(ids)].filter(({ length }) => length <= GUID_LENGTH);
    if (skuIds.length > 0) this.#licensed++;
    for (const skuId of skuIds) this.#count(skuId, isDisabled);
    return skuIds;
  }

  /** What was counted. */
  get counts(): LicenceCounts {
    const skus = [...this.#skus]
      .map(([skuId, counts]) => ({ skuId, ...counts }))
      .sort((one, other) => other.users - one.users || one.skuId.localeCompare(other.skuId));
    return { licensed: this.#licensed, skus, isCut: this.#isCut };
  }

  #count(skuId: string, isDisabled: boolean): void {
    let counts = this.#skus.get(skuId);
    if (!counts) {
      if (this.#skus.size === MOST_LICENCES) {
        this.#isCut = true;
        return;
      }
      counts = { users: 0, disabled: 0 };
      this.#skus.set(skuId, counts);
    }
    counts.users++;
    if (isDisabled) counts.disabled++;
  }
}
