import { parseJson } from "../http/json.ts";
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from "./algorithm.ts";
import { parseKeyId } from "./key-id.ts";

/** Who signed, and how: the header of the JWS, and the manifest's own entry. */
export interface SignatureEntry {
  readonly alg: SignatureAlgorithm;
  /** Id of the key with its version: `https://NAME.vault.azure.net/keys/KEY/VERSION`. */
  readonly kid: string;
}

/** A detached JWS (RFC 7515, appendix F), read. */
export interface DetachedJws extends SignatureEntry {
  /** The header as it was signed, base64url. */
  readonly protected: string;
  /** Base64url. */
  readonly signature: string;
}

/** Why a text is no detached JWS as Rollcall writes it, a clause without a full stop. */
export interface JwsProblem {
  readonly problem: string;
}

/** A header with the longest key id and the signature of an RSA key of 4096 bits take a third of it. */
export const MAX_JWS_BYTES = 4096;

/**
 * What is signed: `BASE64URL(header) "." BASE64URL(manifest)`, ASCII.
 *
 * @internal
 */
export function signingInput(entry: SignatureEntry, manifest: Buffer): Buffer {
  return Buffer.from(`${encodeHeader(entry)}.${manifest.toString("base64url")}`, "ascii");
}

/**
 * The compact serialization with its payload left out: `header..signature`.
 *
 * @internal
 */
export function formatJws(entry: SignatureEntry, signature: Buffer): string {
  return `${encodeHeader(entry)}..${signature.toString("base64url")}`;
}

/**
 * Reads a detached JWS. Only what {@link formatJws} writes is taken, to the byte: there is one way to write a signature, and
 * no header that would change what is checked (`crit`, `b64`, `jwk`, another `alg`).
 *
 * @internal
 */
export function parseJws(bytes: Buffer): DetachedJws | JwsProblem {
  if (bytes.length > MAX_JWS_BYTES) return { problem: `it is larger than ${MAX_JWS_BYTES} bytes` };
  const [encoded = "", payload, signature = "", ...more] = bytes.toString("latin1").split(".");
  if (payload === undefined || more.length > 0)
    return { problem: "it does not have the three parts of a JWS" };
  if (payload !== "") return { problem: "it has a payload of its own, and must be detached" };
  if (!isBase64url(encoded) || !isBase64url(signature)) return { problem: "it is not canonical base64url" };
  const entry = parseHeader(encoded);
  return "problem" in entry ? entry : { ...entry, protected: encoded, signature };
}

function parseHeader(encoded: string): SignatureEntry | JwsProblem {
  const header = parseJson(Buffer.from(encoded, "base64url"));
  if (typeof header !== "object" || header === null) return { problem: "its header is not a JSON object" };
  const { alg: named, kid } = header as { readonly alg?: unknown; readonly kid?: unknown };
  const alg = SIGNATURE_ALGORITHMS.find((known) => known === named);
  if (alg === undefined) return { problem: "its algorithm is neither ES256 nor PS256" };
  if (typeof kid !== "string" || !parseKeyId(kid)) {
    return { problem: "its kid is not the id of a version of a key in Key Vault" };
  }
  const entry = { alg, kid };
  return encodeHeader(entry) === encoded ? entry : { problem: 'its header is more than "alg" and "kid"' };
}

function encodeHeader({ alg, kid }: SignatureEntry): string {
  return Buffer.from(JSON.stringify({ alg, kid })).toString("base64url");
}

/** Whether a text is the one base64url of some bytes, without padding. */
function isBase64url(text: string): boolean {
  return text !== "" && Buffer.from(text, "base64url").toString("base64url") === text;
}
