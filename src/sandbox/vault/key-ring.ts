import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import { type StoredVersion, type VersionAttributes, VersionStore } from "./version-store.ts";

/** What a key is made as. */
export type KeyKind =
  | { readonly kty: "EC"; readonly curve: "P-256" | "P-384" }
  | { readonly kty: "RSA"; readonly bits: 2048 | 3072 };

/** Attributes of a key's version. */
export interface KeyAttributes extends VersionAttributes {
  /** What the key may be used for; `sign` and `verify` by default. */
  readonly operations?: readonly string[];
}

/** The two halves of a key. Only the public one is ever told. */
export interface KeyMaterial {
  /** What it was made as. */
  readonly kind: KeyKind;
  /** Never leaves the vault. */
  readonly privateKey: KeyObject;
  /** As anybody with `keys/read` gets it, without Key Vault's own fields. */
  readonly publicJwk: JsonWebKey;
}

/** What a key is made as unless told otherwise. */
const EC_KEY: KeyKind = { kty: "EC", curve: "P-256" };

/** One version of a key. */
export type KeyVersion = StoredVersion<KeyMaterial, KeyAttributes>;

/** The keys of a vault, and whether the identity may sign with them. */
export class KeyRing {
  /** Whether the managed identity has the role Key Vault Crypto User. */
  roleAssigned = true;
  readonly #versions = new VersionStore<KeyMaterial, KeyAttributes>();

  /** Makes a key, or a newer version of the one of that name. Returns the version's name. */
  create(name: string, kind: KeyKind = EC_KEY, attributes: KeyAttributes = {}): string {
    const { privateKey, publicKey } =
      kind.kty === "EC"
        ? generateKeyPairSync("ec", { namedCurve: kind.curve })
        : generateKeyPairSync("rsa", { modulusLength: kind.bits });
    const publicJwk = publicKey.export({ format: "jwk" });
    return this.#versions.add(name, { kind, privateKey, publicJwk }, attributes);
  }

  /**
   * Takes in an EC key on P-256 that was made elsewhere, as a version whose name follows from the key: so that a sandbox that
   * starts again knows the versions of its former self. Returns the version's name.
   */
  import(name: string, privateKeyPem: string): string {
    const privateKey = createPrivateKey(privateKeyPem);
    const publicKey = createPublicKey(privateKey);
    const der = publicKey.export({ format: "der", type: "spki" });
    const version = createHash("sha256").update(der).digest("hex").slice(0, 32);
    const material = { kind: EC_KEY, privateKey, publicJwk: publicKey.export({ format: "jwk" }) };
    return this.#versions.add(name, material, {}, version);
  }

  /** Makes a newer version of a key, of the same kind. Returns the version's name. */
  rotate(name: string): string {
    const newest = this.#versions.find(name, undefined);
    if (newest === undefined) throw new Error(`no key ${name}`);
    return this.create(name, newest.value.kind, {});
  }

  /** Changes attributes of a version. */
  update(name: string, version: string, attributes: KeyAttributes): void {
    this.#versions.update(name, version, attributes);
  }

  /** A version of a key; the newest one when none is named. */
  find(name: string, version: string | undefined): KeyVersion | undefined {
    return this.#versions.find(name, version);
  }

  /** All versions of a key in an order that means nothing, as Key Vault lists them. */
  list(name: string): readonly KeyVersion[] {
    return this.#versions.list(name);
  }
}
