import { createHash, randomBytes } from "node:crypto";

/** Attributes of a secret's version. */
export interface SecretAttributes {
  /** `application/x-pkcs12` and `application/x-pem-file` mark certificates. */
  readonly contentType?: string;
  /** A disabled version cannot be read. True by default. */
  readonly enabled?: boolean;
  /** Information only: Key Vault serves an expired secret. */
  readonly expiresOn?: Date;
  /** Information only, like `expiresOn`. */
  readonly notBefore?: Date;
  /** When the version was made; now by default, and never at the same second as an earlier one of its name. */
  readonly createdOn?: Date;
}

/** One version of a secret. */
export interface SecretVersion {
  /** Name of the secret as it was set; Key Vault compares names without regard to case. */
  readonly name: string;
  /** 32 hex digits. */
  readonly version: string;
  /** What it keeps. */
  readonly value: string;
  /** Unix seconds. */
  readonly createdSeconds: number;
  /** Unix seconds. */
  readonly updatedSeconds: number;
  /** As set. */
  readonly attributes: SecretAttributes;
}

/** What a vault holds, and whether the identity may read it. */
export class Vault {
  /** Whether the managed identity has the role Key Vault Secrets User. */
  roleAssigned = true;
  readonly #versions: SecretVersion[] = [];

  /** Adds a version of a secret, its newest one. Returns the version's name. */
  set(name: string, value: string, attributes: SecretAttributes = {}): string {
    const version = randomBytes(16).toString("hex");
    const latest = this.#of(name).at(-1)?.createdSeconds ?? 0;
    // Creation times are whole seconds on the wire: versions of one second could not be put in order.
    const createdSeconds = attributes.createdOn ? seconds(attributes.createdOn) : Math.max(now(), latest + 1);
    this.#versions.push({ name, version, value, createdSeconds, updatedSeconds: createdSeconds, attributes });
    return version;
  }

  /** Changes attributes of a version. */
  update(name: string, version: string, attributes: SecretAttributes): void {
    const at = this.#versions.findIndex(
      (secret) => sameName(secret.name, name) && secret.version === version,
    );
    const secret = this.#versions[at];
    if (secret === undefined) throw new Error(`no version ${version} of ${name}`);
    this.#versions[at] = {
      ...secret,
      updatedSeconds: now(),
      attributes: { ...secret.attributes, ...attributes },
    };
  }

  /** A version of a secret; the newest one when none is named. */
  find(name: string, version: string | undefined): SecretVersion | undefined {
    const versions = this.#of(name);
    return version === undefined ? versions.at(-1) : versions.find((secret) => secret.version === version);
  }

  /** All versions of a secret in an order that means nothing, as Key Vault lists them. */
  list(name: string): readonly SecretVersion[] {
    return this.#of(name)
      .map((secret) => ({ secret, place: createHash("sha256").update(secret.version).digest("hex") }))
      .sort((one, other) => (one.place < other.place ? -1 : 1))
      .map(({ secret }) => secret);
  }

  #of(name: string): readonly SecretVersion[] {
    return this.#versions
      .filter((secret) => sameName(secret.name, name))
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
