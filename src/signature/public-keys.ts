import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { open } from "node:fs/promises";
import * as z from "zod";
import { RollcallError } from "../error.ts";
import { parseJson } from "../http/json.ts";
import { algorithmOf, describeKind, type PublicJwk } from "./algorithm.ts";

/** Where the key for a signature comes from. */
export interface PublicKeys {
  /**
   * The key of an id, from the header of a JWS.
   *
   * @returns a clause without a full stop where there is none: a finding about the signature
   * @throws {RollcallError} `verification-key-unusable` when it cannot be told
   */
  find(kid: string): Promise<PublicJwk | { readonly problem: string }>;
}

/** A key with the id that its file gives it. */
interface NamedKey {
  readonly kid: string | undefined;
  readonly jwk: PublicJwk;
}

const MAX_FILE_BYTES = 2 ** 20;

/** Members of a JWK that are secret: of EC, RSA, and symmetric keys (RFC 7518, 6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

const AnyJwk = z.record(z.string(), z.unknown());
const JwkSet = z.object({ keys: z.array(AnyJwk).min(1) });
const about = {
  kid: z.string().optional(),
  use: z.literal("sig").optional(),
  alg: z.string().optional(),
};
/** Key Vault calls a key in an HSM a kind of its own; its public half is like any other. */
const PublicJwkShape = z.discriminatedUnion("kty", [
  z.object({ kty: z.enum(["EC", "EC-HSM"]), crv: z.string(), x: z.string(), y: z.string(), ...about }),
  z.object({ kty: z.enum(["RSA", "RSA-HSM"]), n: z.string(), e: z.string(), ...about }),
]);

/**
 * Reads the public keys of a file.
 *
 * @param path a PEM file with one public key or one certificate, a JWK, or a JWK set
 * @throws {RollcallError} `verification-key-unusable`: the file cannot be read or understood, holds a private key, or a key
 *   of another kind than EC P-256 and RSA of 2048 bits or more. Nothing of its content is told.
 */
export async function readKeyFile(path: string): Promise<PublicKeys> {
  const doing = `reading the public key ${path}`;
  return parsePublicKeys(await readSmallFile(path, doing), doing);
}

/**
 * The same for a file's content.
 *
 * @param doing for errors: `reading the public key FILE`
 * @internal
 */
export function parsePublicKeys(content: Buffer, doing: string): PublicKeys {
  const text = content.toString("utf8");
  if (/PRIVATE KEY/.test(text)) throw holdsPrivateKey(doing);
  const keys = text.includes("-----BEGIN ") ? [parsePem(text, doing)] : parseJwks(content, doing);
  return { find: async (kid) => choose(keys, kid) };
}

/** A key without an id is taken where it is the only one. */
function choose(keys: readonly NamedKey[], kid: string): PublicJwk | { readonly problem: string } {
  const [only, ...others] = keys;
  const named = keys.filter((key) => key.kid === kid);
  if (named.length === 1 && named[0]) return named[0].jwk;
  if (only && others.length === 0 && only.kid === undefined) return only.jwk;
  if (named.length > 1) return { problem: "the key file has several keys of the signature's kid" };
  return { problem: "the key file has no key of the signature's kid" };
}

async function readSmallFile(path: string, doing: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw unusable(doing, "the file is larger than 1 MiB, which no key is");
    return await file.readFile();
  } catch (error) {
    if (error instanceof RollcallError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw unusable(doing, `the file cannot be read (${code ?? "unknown reason"})`);
  }
}

function parsePem(text: string, doing: string): NamedKey {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label);
  const [label, ...others] = labels;
  if (others.length > 0) throw unusable(doing, "the file holds several PEM blocks, and one is wanted");
  if (label !== "PUBLIC KEY" && label !== "RSA PUBLIC KEY" && label !== "CERTIFICATE") {
    throw unusable(doing, "the file is PEM, but neither a public key nor a certificate");
  }
  const key = tryOrThrow(doing, () =>
    label === "CERTIFICATE" ? new X509Certificate(text).publicKey : createPublicKey(text),
  );
  return { kid: undefined, jwk: asPublicJwk(key, doing) };
}

function parseJwks(content: Buffer, doing: string): readonly NamedKey[] {
  const json = parseJson(content);
  const set = JwkSet.safeParse(json);
  const one = AnyJwk.safeParse(json);
  if (!set.success && !one.success) throw unusable(doing, "the file is neither PEM nor a JWK or JWK set");
  const jwks = set.success ? set.data.keys : [one.data ?? {}];
  if (jwks.some((jwk) => PRIVATE_MEMBERS.some((name) => name in jwk))) throw holdsPrivateKey(doing);
  return jwks.map((jwk) => parseJwk(jwk, doing));
}

function parseJwk(jwk: Readonly<Record<string, unknown>>, doing: string): NamedKey {
  const parsed = PublicJwkShape.safeParse(jwk);
  if (!parsed.success)
    throw unusable(doing, "a JWK in the file is not a public key, EC or RSA, for signatures");
  const { kid, alg, use: _use, kty, ...members } = parsed.data;
  const plain = { kty: kty.replace("-HSM", ""), ...members };
  const publicJwk = asPublicJwk(
    tryOrThrow(doing, () => createPublicKey({ key: plain, format: "jwk" })),
    doing,
  );
  if (alg !== undefined && alg !== algorithmOf(publicJwk)) {
    throw unusable(doing, "a JWK in the file is for another algorithm than ES256 and PS256");
  }
  return { kid, jwk: publicJwk };
}

function asPublicJwk(key: KeyObject, doing: string): PublicJwk {
  const { kty, crv, x, y, n, e } = tryOrThrow(doing, () => key.export({ format: "jwk" }));
  const jwk: PublicJwk | undefined =
    kty === "EC" && crv && x && y ? { kty, crv, x, y } : kty === "RSA" && n && e ? { kty, n, e } : undefined;
  if (jwk && algorithmOf(jwk)) return jwk;
  const kind = jwk ? describeKind(jwk) : (key.asymmetricKeyType ?? "another kind");
  throw unusable(
    doing,
    `the key is of kind ${kind}, and manifests are signed with EC P-256, or RSA of 2048 bits or more`,
  );
}

/** OpenSSL's own words are not passed on: they may quote the file. */
function tryOrThrow<T>(doing: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw unusable(doing, "the key in the file cannot be read");
  }
}

function holdsPrivateKey(doing: string): RollcallError {
  return new RollcallError("verification-key-unusable", {
    doing,
    problem: "the file holds a private or secret key; nothing was done with it",
    remedy:
      "Who checks needs the public half only: `openssl pkey -in FILE -pubout -out public.pem`. " +
      "A private key in a file has left the vault, so signatures with it prove nothing any more: make a new one.",
  });
}

function unusable(doing: string, problem: string): RollcallError {
  return new RollcallError("verification-key-unusable", {
    doing,
    problem,
    remedy:
      "Give a PEM file with one public key or certificate, a JWK or a JWK set: " +
      "`az keyvault key download --vault-name NAME --name KEY --version VERSION --file key.pem`.",
  });
}
