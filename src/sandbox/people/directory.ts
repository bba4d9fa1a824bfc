import { awkwardAt, type Overrides } from "./awkward.ts";
import { indexOfId } from "./chance.ts";
import { CreationOrder, drawCreationTimes, MAX_PEOPLE } from "./creation.ts";
import type { Filter } from "./filter.ts";
import { instant, isEnabled, isGuest, Person } from "./person.ts";
import { countSlots, type ListingPage, openSlots, type People, type Slots, takePage } from "./slots.ts";
import { USER_PROPERTIES } from "./user-property.ts";

/** How a directory is populated. */
export interface DirectoryOptions {
  /** Number of people, at most about two million. */
  readonly users: number;
  /** The same seed gives the same people. */
  readonly seed: number;
  /** Initial domain, with which every user principal name ends. */
  readonly domain: string;
  /** Share of people whose `createdDateTime` is null. */
  readonly nullCreatedShare: number;
}

/**
 * The people of a tenant. They are not stored: a person is computed from the seed and an index when asked for. Changes
 * while it runs are kept on top of that. An index never changes, so a listing under way stays valid.
 */
export class Directory implements People {
  readonly #options: DirectoryOptions;
  readonly #created: Float64Array;
  readonly #changes = new Map<number, Overrides>();
  readonly #removed = new Set<number>();
  readonly #latecomers: number[] = [];
  readonly #latecomerSet = new Set<number>();
  readonly #counts = new Map<string, number>();
  #order: CreationOrder | undefined;
  #added = 0;
  #version = 0;

  constructor(options: DirectoryOptions) {
    if (options.users > MAX_PEOPLE) throw new RangeError(`a directory holds at most ${MAX_PEOPLE} people`);
    this.#options = options;
    this.#created = drawCreationTimes(options.seed, options.users, options.nullCreatedShare);
  }

  /** Number of people now. */
  get size(): number {
    return this.slots - this.#removed.size;
  }

  /** Number of people ever, removed ones included. */
  get slots(): number {
    return this.#created.length + this.#added;
  }

  /** Grows with every change, for caches. */
  get version(): number {
    return this.#version;
  }

  /** The original people by creation time. */
  get creationOrder(): CreationOrder {
    this.#order ??= new CreationOrder(this.#created);
    return this.#order;
  }

  /** People missing from {@link creationOrder}: those who were added, or were given another creation time. */
  get latecomers(): readonly number[] {
    return this.#latecomers;
  }

  /** Whether the person is one of the {@link latecomers}. */
  isLatecomer(index: number): boolean {
    return this.#latecomerSet.has(index);
  }

  /** Whether the person was removed. */
  isRemoved(index: number): boolean {
    return this.#removed.has(index);
  }

  /** Adds a person at the end of the order, created now unless the overrides say otherwise. Returns the id. */
  add(overrides: Overrides = {}): string {
    const index = this.slots;
    this.#added++;
    this.#change(index, { createdDateTime: instant(Math.floor(Date.now() / 1000)), ...overrides });
    return this.#person(index).id;
  }

  /** Removes a person. */
  remove(id: string): void {
    this.#removed.add(this.#mustFind(id));
    this.#touch();
  }

  /** Renames a person; the id stays. */
  rename(id: string, names: { readonly userPrincipalName?: string; readonly displayName?: string }): void {
    this.update(id, { ...names });
  }

  /** Changes property values of a person. */
  update(id: string, overrides: Overrides): void {
    this.#change(this.#mustFind(id), overrides);
  }

  /** Ids of all people now, in the directory's order. */
  *ids(): Generator<string> {
    for (let index = 0; index < this.slots; index++) if (!this.isRemoved(index)) yield this.#person(index).id;
  }

  /** All properties of a person by index, even of a removed person. */
  personAt(index: number): Readonly<Record<string, unknown>> {
    return this.row(index, [...USER_PROPERTIES.keys()]);
  }

  /** All properties of a person; `undefined` if there is no such person. */
  person(id: string): Readonly<Record<string, unknown>> | undefined {
    const index = this.#find(id);
    return index === undefined ? undefined : this.personAt(index);
  }

  /** The named properties of a person, in the order of the names. */
  row(index: number, names: readonly string[]): Record<string, unknown> {
    const overrides = this.#overridesAt(index);
    const person = this.#person(index);
    const row: Record<string, unknown> = {};
    for (const name of names) row[name] = USER_PROPERTIES.get(name)?.(person);
    if (overrides !== undefined) for (const name of names) if (name in overrides) row[name] = overrides[name];
    return row;
  }

  /** Creation time in unix seconds; `NaN` for null. */
  createdSecondsAt(index: number): number {
    const changed = this.#changes.get(index)?.createdDateTime;
    if (typeof changed === "string") return Date.parse(changed) / 1000;
    return changed === null ? Number.NaN : (this.#created[index] ?? Number.NaN);
  }

  /** Whether the account may sign in; `null` if `accountEnabled` is. */
  isEnabledAt(index: number): unknown {
    const overrides = this.#overridesAt(index);
    return overrides !== undefined && "accountEnabled" in overrides
      ? overrides.accountEnabled
      : isEnabled(this.#options.seed, index);
  }

  /** `Member`, `Guest` or `null`. */
  userTypeAt(index: number): unknown {
    const overrides = this.#overridesAt(index);
    if (overrides !== undefined && "userType" in overrides) return overrides.userType;
    return isGuest(this.#options.seed, index) ? "Guest" : "Member";
  }

  /** One page of a listing, from the slot that the previous page named (0 for the first page). */
  page(filter: Filter | undefined, start: number, size: number): ListingPage {
    return takePage(this, this.#slots(filter), start, size);
  }

  /** Number of people in a listing now. */
  count(filter?: Filter): number {
    if (filter === undefined) return this.size;
    const key = JSON.stringify(filter);
    const count = this.#counts.get(key) ?? countSlots(this, this.#slots(filter));
    this.#counts.set(key, count);
    return count;
  }

  #slots(filter: Filter | undefined): Slots {
    return openSlots(this, filter);
  }

  #person(index: number): Person {
    return new Person(index, this.#options.seed, this.#options.domain, this.createdSecondsAt(index));
  }

  #overridesAt(index: number): Overrides | undefined {
    const changes = this.#changes.get(index);
    const awkward = index < this.#created.length ? awkwardAt(index) : undefined;
    return changes !== undefined && awkward !== undefined ? { ...awkward, ...changes } : (changes ?? awkward);
  }

  #change(index: number, overrides: Overrides): void {
    this.#changes.set(index, { ...this.#changes.get(index), ...overrides });
    if ("createdDateTime" in overrides && !this.#latecomerSet.has(index)) {
      this.#latecomers.push(index);
      this.#latecomerSet.add(index);
    }
    this.#touch();
  }

  #find(id: string): number | undefined {
    const index = indexOfId(this.#options.seed, id);
    const found = index < this.slots && !this.isRemoved(index) && this.#person(index).id === id;
    return found ? index : undefined;
  }

  #mustFind(id: string): number {
    const index = this.#find(id);
    if (index === undefined) throw new Error(`no person ${id} in this directory`);
    return index;
  }

  #touch(): void {
    this.#version++;
    this.#counts.clear();
  }
}
