import { awkwardAt } from "./awkward.ts";
import { draw, share } from "./chance.ts";

const YEAR_SECONDS = 365.25 * 24 * 60 * 60;

/** Creation of a new directory's youngest account, in unix seconds. Fixed, so that a seed always gives the same tenant. */
const NEWEST = Date.UTC(2026, 10, 1) / 1000;
const OLDEST = Math.floor(NEWEST - 12 * YEAR_SECONDS);

/** People in one bulk import, which takes {@link IMPORT_SECONDS}. */
const IMPORT_SIZE = 4_000;
const IMPORT_SECONDS = 5;
const IMPORTED_SHARE = 0.35;

/** The tenant's first synchronisation brings a tenth of the people, at about this rate. */
const FIRST_SYNC_SHARE = 0.1;
const FIRST_SYNC_PER_SECOND = 1_500;

/** A sortable number holds the seconds times this, plus a person's index. */
const INDEX_SPAN = 2 ** 21;

/** Most people a directory can hold. */
export const MAX_PEOPLE = INDEX_SPAN - 1;

/**
 * The `createdDateTime` of all people, in unix seconds by index; `NaN` for null. Spread over twelve years and skewed as in
 * real tenants: a first synchronisation, bulk imports of thousands in a few seconds, and a growing trickle.
 */
export function drawCreationTimes(seed: number, people: number, nullShare: number): Float64Array {
  const times = new Float64Array(people);
  const imports = Math.max(1, Math.round((people * IMPORTED_SHARE) / IMPORT_SIZE));
  for (let index = 0; index < people; index++) {
    if (awkwardAt(index)?.createdDateTime === null || share(seed, index, 20) < nullShare) {
      times[index] = Number.NaN;
      continue;
    }
    const kind = share(seed, index, 21);
    const place = share(seed, index, 22);
    if (kind < FIRST_SYNC_SHARE) {
      times[index] = OLDEST + Math.floor((place * people * FIRST_SYNC_SHARE) / FIRST_SYNC_PER_SECOND);
    } else if (kind < FIRST_SYNC_SHARE + IMPORTED_SHARE) {
      const event = draw(seed, index, 23) % imports;
      times[index] =
        OLDEST + Math.floor(share(seed, event, 24) * (NEWEST - OLDEST)) + Math.floor(place * IMPORT_SECONDS);
    } else {
      times[index] = OLDEST + Math.floor(place ** 0.7 * (NEWEST - OLDEST));
    }
  }
  return times;
}

/** People sorted by creation time, for filters by a range of it. */
export class CreationOrder {
  readonly #keys: Float64Array;

  constructor(times: Float64Array) {
    const keys = new Float64Array(times.length);
    let known = 0;
    for (let index = 0; index < times.length; index++) {
      const seconds = times[index] ?? Number.NaN;
      if (!Number.isNaN(seconds)) keys[known++] = seconds * INDEX_SPAN + index;
    }
    this.#keys = keys.subarray(0, known).sort();
  }

  /** The first position whose time is `fromSeconds` or later. */
  positionOf(fromSeconds: number): number {
    const key = Math.ceil(fromSeconds) * INDEX_SPAN;
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The person at a position. */
  indexAt(position: number): number {
    return (this.#keys[position] ?? 0) % INDEX_SPAN;
  }
}
