import { KeyRing } from "./key-ring.ts";
import { type StoredVersion, type VersionAttributes, VersionStore } from "./version-store.ts";

/** Attributes of a secret's version. */
export interface SecretAttributes extends VersionAttributes {
  /** `application/x-pkcs12` and `application/x-pem-file` mark certificates. */
  readonly contentType?: string;
}

/** One version of a secret. */
export type SecretVersion = StoredVersion<string, SecretAttributes>;

/** What a vault holds, and whether the identity may use it. */
export class Vault {
  /** Whether the managed identity has the role Key Vault Secrets User. */
  roleAssigned = true;
  /** Its keys, and whether the identity may sign with them. */
  readonly keys = new KeyRing();
  readonly #secrets = new VersionStore<string, SecretAttributes>();

  /** Adds a version of a secret, which becomes the newest. Returns the version. */
  set(name: string, value: string, attributes: SecretAttributes = {}): string {
    return this.#secrets.add(name, value, attributes);
  }

  /** Changes the attributes of a version. */
  update(name: string, version: string, attributes: SecretAttributes): void {
    this.#secrets.update(name, version, attributes);
  }

  /** A version of a secret; by default the newest. */
  find(name: string, version: string | undefined): SecretVersion | undefined {
    return this.#secrets.find(name, version);
  }

  /** All versions of a secret in no particular order, as Key Vault lists them. */
  list(name: string): readonly SecretVersion[] {
    return this.#secrets.list(name);
  }
}
