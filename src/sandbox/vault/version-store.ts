import { createHash, randomBytes } from "node:crypto";

/** Attributes that each version of a secret or key has. */
export interface VersionAttributes {
  /** A disabled version cannot be used. True by default. */
  readonly enabled?: boolean;
  /** For a secret information only: Key Vault serves an expired one. An expired key does not sign. */
  readonly expiresOn?: Date;
  /** Like `expiresOn`. */
  readonly notBefore?: Date;
  /** When the version was made; now by default, and never at the same second as an earlier one of its name. */
  readonly createdOn?: Date;
}

/** One version of a secret or key. */
export interface StoredVersion<Value, Attributes extends VersionAttributes> {
  /** Name of the object as it was set; Key Vault compares names without regard to case. */
  readonly name: string;
  /** 32 hex digits. */
  readonly version: string;
  /** What it keeps. */
  readonly value: Value;
  /** Unix seconds. */
  readonly createdSeconds: number;
  /** Unix seconds. */
  readonly updatedSeconds: number;
  /** As set. */
  readonly attributes: Attributes;
}

/** All versions of all objects of one kind. */
export class VersionStore<Value, Attributes extends VersionAttributes> {
  readonly #versions: StoredVersion<Value, Attributes>[] = [];

  /**
   * Adds a version of an object, its newest one. Returns the version's name.
   *
   * @param version 32 hex digits; random by default
   */
  add(
    name: string,
    value: Value,
    attributes: Attributes,
    version: string = randomBytes(16).toString("hex"),
  ): string {
    const latest = this.#of(name).at(-1)?.createdSeconds ?? 0;
    // Creation times are whole seconds on the wire: versions of one second could not be put in order.
    const createdSeconds = attributes.createdOn ? seconds(attributes.createdOn) : Math.max(now(), latest + 1);
    this.#versions.push({
      name,
      version,
      value,
      createdSeconds,
      updatedSeconds: createdSeconds,
      attributes,
    });
    return version;
  }

  /** Changes attributes of a version. */
  update(name: string, version: string, attributes: Attributes): void {
    const at = this.#versions.findIndex(
      (stored) => sameName(stored.name, name) && stored.version === version,
    );
    const stored = this.#versions[at];
    if (stored === undefined) throw new Error(`no version ${version} of ${name}`);
    this.#versions[at] = {
      ...stored,
      updatedSeconds: now(),
      attributes: { ...stored.attributes, ...attributes },
    };
  }

  /** A version of an object; the newest one when none is named. */
  find(name: string, version: string | undefined): StoredVersion<Value, Attributes> | undefined {
    const versions = this.#of(name);
    return version === undefined ? versions.at(-1) : versions.find((stored) => stored.version === version);
  }

  /** All versions of an object in an order that means nothing, as Key Vault lists them. */
  list(name: string): readonly StoredVersion<Value, Attributes>[] {
    return this.#of(name)
      .map((stored) => ({ stored, place: createHash("sha256").update(stored.version).digest("hex") }))
      .sort((one, other) => (one.place < other.place ? -1 : 1))
      .map(({ stored }) => stored);
  }

  #of(name: string): readonly StoredVersion<Value, Attributes>[] {
    return this.#versions
      .filter((stored) => sameName(stored.name, name))
      .sort((one, other) => one.createdSeconds - other.createdSeconds);
  }
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function now(): number {
  return seconds(new Date());
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
