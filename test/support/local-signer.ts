import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { SignatureEntry } from "../../src/signature/jws.ts";

/** A key that somebody else has, with which a test signs what a vault would not. */
export interface LocalSigner {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** Header and detached signature over a manifest; the header may be anything. */
  jws(header: Readonly<Record<string, unknown>>, manifest: Buffer): string;
  /** R and S, or the RSA signature, over any text. */
  sign(input: string): Buffer;
}

/** Makes a key; P-256 unless told otherwise. */
export function localSigner(kind: "P-256" | "P-384" | "RSA" | "short RSA" = "P-256"): LocalSigner {
  const { publicKey, privateKey } = kind.startsWith("P-")
    ? generateKeyPairSync("ec", { namedCurve: kind })
    : generateKeyPairSync("rsa", { modulusLength: kind === "RSA" ? 2048 : 1024 });
  const padding = kind.startsWith("P-") ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const signInput = (input: string) =>
    sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363", ...padding });
  return {
    publicKey,
    privateKey,
    sign: signInput,
    jws(header, manifest) {
      const encoded = encode(JSON.stringify(header));
      const signature = signInput(`${encoded}.${manifest.toString("base64url")}`);
      return `${encoded}..${signature.toString("base64url")}`;
    },
  };
}

/** An entry as a vault's key would make it. */
export function entryOf(alg: SignatureEntry["alg"] = "ES256", version = "0".repeat(32)): SignatureEntry {
  return { alg, kid: `https://contoso-vault.vault.azure.net/keys/manifest-key/${version}` };
}

/** Base64url of a text. */
export function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}
