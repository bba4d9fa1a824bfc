import { algorithmOf } from "./algorithm.ts";
import { fitsSignature } from "./check.ts";
import { parseJws, type SignatureEntry } from "./jws.ts";
import type { PublicKeys } from "./public-keys.ts";

/** What a manifest's signature is found to be. */
export type SignatureFinding =
  /** Made over these bytes with the private half of the key that was given. */
  | ({ readonly state: "valid" } & SignatureEntry)
  /** It looks as Rollcall writes it; no key was given to check it with. */
  | ({ readonly state: "unchecked" } & SignatureEntry)
  /** There is none, and the manifest claims none. */
  | { readonly state: "absent" }
  /** A clause without a full stop. */
  | { readonly state: "invalid"; readonly why: string };

/**
 * A manifest and what is said of its signature.
 *
 * @internal
 */
export interface SignedManifest {
  /** The very bytes of `manifest.json`. */
  readonly manifest: Buffer;
  /** Its own `signature` entry; `null` or absent where it claims none. */
  readonly entry: Partial<SignatureEntry> | null | undefined;
  /** The very bytes of `manifest.jws`; absent where there is no such blob. */
  readonly jws: Buffer | undefined;
}

/**
 * Checks a manifest's signature. What is wrong with it is a finding; only a key that cannot be had is an error.
 *
 * @param keys absent: nothing but its form is checked, which proves nothing
 * @throws {RollcallError} `verification-key-unusable`
 * @internal
 */
export async function verifySignature(
  { manifest, entry, jws }: SignedManifest,
  keys: PublicKeys | undefined,
): Promise<SignatureFinding> {
  const isClaimed = entry !== null && entry !== undefined;
  if (jws === undefined)
    return isClaimed ? invalid("the manifest says it is signed, and manifest.jws is missing") : ABSENT;
  const signed = parseJws(jws);
  if ("problem" in signed) return invalid(`manifest.jws is no signature of Rollcall's: ${signed.problem}`);
  const { alg, kid } = signed;
  if (!isClaimed) return invalid("there is a manifest.jws, and the manifest says it is not signed");
  if (entry.alg !== alg || entry.kid !== kid) {
    return invalid("manifest.jws names another algorithm or key than the manifest itself");
  }
  if (!keys) return { state: "unchecked", alg, kid };
  const key = await keys.find(kid);
  if ("problem" in key) return invalid(key.problem);
  if (algorithmOf(key) !== alg) return invalid(`its algorithm, ${alg}, is not the one of the key`);
  const fits = await fitsSignature(key, signed, manifest, Buffer.from(signed.signature, "base64url"));
  return fits
    ? { state: "valid", alg, kid }
    : invalid("the signature does not fit the manifest's bytes and the key");
}

const ABSENT: SignatureFinding = { state: "absent" };

function invalid(why: string): SignatureFinding {
  return { state: "invalid", why };
}
