import { createHash, randomBytes } from "node:crypto";

/** Attributes of a version of a secret. */
export interface SecretAttributes {
  /** `application/x-pkcs12` and `application/x-pem-file` mark certificates. */
  readonly contentType?: string;
  /** A disabled version cannot be read. True by default. */
  readonly enabled?: boolean;
  /** For information only: Key Vault serves expired secrets too. */
  readonly expiresOn?: Date;
  /** For information only, like `expiresOn`. */
  readonly notBefore?: Date;
  /** When the version was created; now by default, but never in the same second as an earlier version. */
  readonly createdOn?: Date;
}

/** One version of a secret. */
export interface SecretVersion {
  /** Name of the secret as it was set; Key Vault ignores the case of names. */
  readonly name: string;
  /** 32 hex digits. */
  readonly version: string;
  /** The secret itself. */
  readonly value: string;
  /** Unix seconds. */
  readonly createdSeconds: number;
  /** Unix seconds. */
  readonly updatedSeconds: number;
  /** As set. */
  readonly attributes: SecretAttributes;
}

/** The secrets of a vault, and whether the identity may read them. */
export class Vault {
  /** Whether the managed identity has the role Key Vault Secrets User. */
  roleAssigned = true;
  readonly #versions: SecretVersion[] = [];

  /** Adds a version of a secret, which becomes the newest. Returns the version. */
  set(name: string, value: string, attributes: SecretAttributes = {}): string {
    const version = randomBytes(16).toString("hex");
    const latest = this.#of(name).at(-1)?.createdSeconds ?? 0;
    // Creation times are sent in whole seconds: versions of the same second could not be ordered.
    const createdSeconds = attributes.createdOn ? seconds(attributes.createdOn) : Math.max(now(), latest + 1);
    this.#versions.push({ name, version, value, createdSeconds, updatedSeconds: createdSeconds, attributes });
    return version;
  }

  /** Changes the attributes of a version. */
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

  /** A version of a secret; by default the newest. */
  find(name: string, version: string | undefined): SecretVersion | undefined {
    const versions = this.#of(name);
    return version === undefined ? versions.at(-1) : versions.find((secret) => secret.version === version);
  }

  /** All versions of a secret in no particular order, as Key Vault lists them. */
  list(name: string): readonly SecretVersion[] {
    return this.#of(name)
      .map((secret) => ({ secret, key: createHash("sha256").update(secret.version).digest("hex") }))
      .sort((one, other) => (one.key < other.key ? -1 : 1))
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
