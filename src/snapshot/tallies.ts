import { TRAIT } from "../rows/user-traits.ts";

/** Counts of a snapshot's users, for whoever follows them over many nights. `null`: the run did not select the property. */
export interface Tallies {
  /** Different users. */
  readonly users: number;
  /** By `userType`. Graph says neither of some old accounts. */
  readonly members: number | null;
  readonly guests: number | null;
  /** By `accountEnabled`. */
  readonly enabled: number | null;
  readonly disabled: number | null;
  /** Users who come from an on-premises directory, by `onPremisesSyncEnabled`. */
  readonly synchronised: number | null;
  /** Users with at least one of `assignedLicenses`. */
  readonly licensed: number | null;
  /** Since the previous snapshot; `null` where the run has no changes. */
  readonly joined: number | null;
  readonly left: number | null;
  readonly changed: number | null;
}

/** The part of {@link Tallies} that the users themselves tell. */
export type UserTallies = Omit<Tallies, "joined" | "left" | "changed">;

/** Counts users by their traits. */
export class UserTally {
  /** Users with each combination of traits. */
  readonly #users = new Float64Array(2 * Math.max(...Object.values(TRAIT)));

  /** @param traits bits of {@link TRAIT} */
  add(traits: number): void {
    this.#users[traits] = (this.#users[traits] ?? 0) + 1;
  }

  /** @param properties that were selected */
  tallies(properties: readonly string[]): UserTallies {
    const having = (trait: number) =>
      this.#users.reduce((sum, users, traits) => sum + (traits & trait ? users : 0), 0);
    const where = (property: string, trait: number) => (properties.includes(property) ? having(trait) : null);
    return {
      users: this.#users.reduce((sum, users) => sum + users, 0),
      members: where("userType", TRAIT.member),
      guests: where("userType", TRAIT.guest),
      enabled: where("accountEnabled", TRAIT.enabled),
      disabled: where("accountEnabled", TRAIT.disabled),
      synchronised: where("onPremisesSyncEnabled", TRAIT.synchronised),
      licensed: where("assignedLicenses", TRAIT.licensed),
    };
  }
}
