/** How manifests are signed (RFC 7518, 3.4 and 3.5): ES256 with an EC key on P-256, PS256 with an RSA key. */
export const SIGNATURE_ALGORITHMS = ["ES256", "PS256"] as const;

/** One of {@link SIGNATURE_ALGORITHMS}. */
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** The shortest RSA key that PS256 may be used with (RFC 7518, 3.5). */
const MIN_RSA_BITS = 2048;

/** The public half of a key, for checking a signature. */
export type PublicJwk =
  | { readonly kty: "EC"; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: "RSA"; readonly n: string; readonly e: string };

/**
 * The one algorithm that a key is used with. It follows from the key alone, never from what a signature says of itself.
 *
 * @returns `undefined` for a key of another kind
 */
export function algorithmOf(key: PublicJwk): SignatureAlgorithm | undefined {
  if (key.kty === "EC") return key.crv === "P-256" ? "ES256" : undefined;
  return Buffer.from(key.n, "base64url").length * 8 >= MIN_RSA_BITS ? "PS256" : undefined;
}

/** `EC P-384`, `RSA 1024`; for messages. */
export function describeKind(key: PublicJwk): string {
  return key.kty === "EC" ? `EC ${key.crv}` : `RSA ${Buffer.from(key.n, "base64url").length * 8}`;
}
