import { algorithmOf, type PublicJwk } from "./algorithm.ts";
import { formatJws, type SignatureEntry } from "./jws.ts";

/**
 * Whether a signature over a manifest was made with the private half of a key. The algorithm is the key's own: an entry
 * that names another one never fits.
 */
export async function fitsSignature(
  key: PublicJwk,
  entry: SignatureEntry,
  manifest: Buffer,
  signature: Buffer,
): Promise<boolean> {
  const alg = algorithmOf(key);
  if (alg === undefined || alg !== entry.alg) return false;
  const [header = "", , encoded = ""] = formatJws(entry, signature).split(".");
  const { errors, flattenedVerify } = await import("jose");
  const jws = { protected: header, payload: manifest.toString("base64url"), signature: encoded };
  try {
    await flattenedVerify(jws, { ...key, alg }, { algorithms: [alg] });
    return true;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return false;
    throw error;
  }
}
