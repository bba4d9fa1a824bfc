import type { CreationOrder } from "./creation.ts";
import type { Filter } from "./filter.ts";

/** What the slots need to know about a directory. A person's index never changes. */
export interface People {
  /** Number of indexes, those of removed people included. */
  readonly slots: number;
  /** The original people by creation time. */
  readonly creationOrder: CreationOrder;
  /** People missing from `creationOrder`. */
  readonly latecomers: readonly number[];
  isLatecomer(index: number): boolean;
  isRemoved(index: number): boolean;
  /** Unix seconds; `NaN` for null. */
  createdSecondsAt(index: number): number;
  isEnabledAt(index: number): unknown;
  userTypeAt(index: number): unknown;
}

/** One page of people. */
export interface ListingPage {
  /** Indexes of the people in the directory's order. May be fewer than requested, even none, before the end. */
  readonly indexes: readonly number[];
  /** Where the next page starts; absent at the end. */
  readonly next: number | undefined;
}

/** A stable sequence of slots. A slot keeps its person while others come and go: new people add slots at the end. */
export interface Slots {
  /** Number of slots now. */
  readonly length: () => number;
  /** The person in a slot. */
  readonly indexAt: (slot: number) => number;
  /** Whether the slot's person belongs to the listing. */
  readonly matches: (index: number, slot: number) => boolean;
}

/** Takes up to `size` matching slots from `start`. A removed person's slot counts, so that such a page is shorter. */
export function takePage(directory: People, slots: Slots, start: number, size: number): ListingPage {
  const indexes: number[] = [];
  const length = slots.length();
  let slot = start;
  for (let taken = 0; slot < length && taken < size; slot++) {
    const index = slots.indexAt(slot);
    if (!slots.matches(index, slot)) continue;
    taken++;
    if (!directory.isRemoved(index)) indexes.push(index);
  }
  return { indexes, next: slot < length ? slot : undefined };
}

/** Number of people in a listing now. */
export function countSlots(directory: People, slots: Slots): number {
  const length = slots.length();
  let people = 0;
  for (let slot = 0; slot < length; slot++) {
    const index = slots.indexAt(slot);
    if (slots.matches(index, slot) && !directory.isRemoved(index)) people++;
  }
  return people;
}

/** The slots that match a filter; without one, those of the whole directory. */
export function openSlots(directory: People, filter: Filter | undefined): Slots {
  if (filter?.kind === "createdBetween") return openRange(directory, filter.fromSeconds, filter.toSeconds);
  const length = () => directory.slots;
  const indexAt = (slot: number) => slot;
  switch (filter?.kind) {
    case undefined:
      return { length, indexAt, matches: () => true };
    case "createdNull":
      return { length, indexAt, matches: (index) => Number.isNaN(directory.createdSecondsAt(index)) };
    case "accountEnabled":
      return { length, indexAt, matches: (index) => directory.isEnabledAt(index) === filter.value };
    case "userType":
      return { length, indexAt, matches: (index) => directory.userTypeAt(index) === filter.value };
  }
}

/** Slots of a time range: first that range of the sorted people, then people who were added or changed since. */
function openRange(
  directory: People,
  fromSeconds = Number.NEGATIVE_INFINITY,
  toSeconds = Number.POSITIVE_INFINITY,
): Slots {
  const first = directory.creationOrder.positionOf(fromSeconds);
  const sorted = Math.max(0, directory.creationOrder.positionOf(Math.floor(toSeconds) + 1) - first);
  return {
    length: () => sorted + directory.latecomers.length,
    indexAt: (slot) =>
      slot < sorted
        ? directory.creationOrder.indexAt(first + slot)
        : (directory.latecomers[slot - sorted] ?? 0),
    matches: (index, slot) => {
      if (slot < sorted) return !directory.isLatecomer(index);
      const created = directory.createdSecondsAt(index);
      return created >= fromSeconds && created <= toSeconds;
    },
  };
}
