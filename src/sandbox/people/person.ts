import { draw, guid, personId, share } from "./chance.ts";
import {
  DEPARTMENTS,
  GIVEN_NAMES,
  JOB_TITLES,
  LICENCE_PLANS,
  type Name,
  PARTNERS,
  type Place,
  SURNAMES,
  WORKPLACES,
} from "./population.ts";

/** The facts from which a person's properties are computed. */
export class Person {
  /** Index in the directory's order. */
  readonly index: number;
  /** Seed of the directory. */
  readonly seed: number;
  /** Initial domain of the tenant. */
  readonly domain: string;
  /** Unix seconds; `NaN` means null. */
  readonly createdSeconds: number;
  /** Invited from another company. */
  readonly guest: boolean;
  /** Synchronised from an on-premises directory. */
  readonly synced: boolean;
  /** Given name. */
  readonly given: Name;
  /** Surname. */
  readonly family: Name;
  /** Place of work. */
  readonly place: Place;
  /** Account name without a domain; unique in the directory. */
  readonly account: string;

  constructor(index: number, seed: number, domain: string, createdSeconds: number) {
    this.index = index;
    this.seed = seed;
    this.domain = domain;
    this.createdSeconds = createdSeconds;
    this.guest = isGuest(seed, index);
    this.synced = !this.guest && draw(seed, index, 3) % 100 < 55;
    this.given = pick(GIVEN_NAMES, draw(seed, index, 4));
    this.family = pick(SURNAMES, draw(seed, index, 5));
    this.place = pick(WORKPLACES, draw(seed, index, 6));
    this.account = `${this.given.account}.${this.family.account}${index}`;
  }

  /** Picks an item of a list, always the same one for the same purpose. */
  pick<Item>(items: readonly Item[], salt: number): Item {
    return pick(items, draw(this.seed, this.index, salt));
  }

  /** True for about this share of people. */
  chance(salt: number, probability: number): boolean {
    return share(this.seed, this.index, salt) < probability;
  }

  /** The user principal name. */
  get userPrincipalName(): string {
    return this.guest
      ? `${this.account}_${this.pick(PARTNERS, 8)}#EXT#@${this.domain}`
      : `${this.account}@${this.domain}`;
  }

  /** The mail address; `null` for people without a mailbox. */
  get mail(): string | null {
    if (this.guest) return `${this.account}@${this.pick(PARTNERS, 8)}`;
    return this.chance(9, 0.93) ? `${this.account}@contoso.example` : null;
  }

  /** The sku ids of the assigned licences. */
  get skuIds(): readonly string[] {
    return this.guest ? [] : this.pick(LICENCE_PLANS, 10);
  }

  /** A random instant after creation, at most `spanSeconds` later. */
  later(salt: number, spanSeconds: number): string {
    const from = Number.isNaN(this.createdSeconds) ? 1_500_000_000 : this.createdSeconds;
    return instant(
      Math.min(from + Math.floor(share(this.seed, this.index, salt) * spanSeconds), 1_793_000_000),
    );
  }

  /** Four repeatable digits for a purpose. */
  digits(salt: number): string {
    return String(10_000 + (draw(this.seed, this.index, salt) % 10_000)).slice(1);
  }

  /** A repeatable GUID for a purpose. */
  guid(salt: number): string {
    return guid(this.seed, this.index, salt);
  }

  /** The object id. */
  get id(): string {
    return personId(this.seed, this.index);
  }

  /** A job title; most people have one. */
  get jobTitle(): string | null {
    return this.chance(11, 0.9) ? this.pick(JOB_TITLES, 12) : null;
  }

  /** A department; most people have one. */
  get department(): string | null {
    return this.chance(13, 0.95) ? this.pick(DEPARTMENTS, 14) : null;
  }
}

/** Whether the person was invited from another company (8 %). */
export function isGuest(seed: number, index: number): boolean {
  return draw(seed, index, 1) % 1000 < 80;
}

/** Whether the account may sign in (94 %). */
export function isEnabled(seed: number, index: number): boolean {
  return draw(seed, index, 2) % 1000 >= 60;
}

const DAY_SECONDS = 24 * 60 * 60;
const days = new Map<number, string>();

/** Graph's form of an instant: no fraction, `Z`. */
export function instant(seconds: number): string {
  const day = Math.floor(seconds / DAY_SECONDS);
  let date = days.get(day);
  if (date === undefined) {
    date = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
    days.set(day, date);
  }
  const time = seconds - day * DAY_SECONDS;
  return `${date}T${two(Math.floor(time / 3600))}:${two(Math.floor(time / 60) % 60)}:${two(time % 60)}Z`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

function pick<Item>(items: readonly Item[], number: number): Item {
  return items[number % items.length] as Item;
}
