import type { TokenClaims } from "../entra/token.ts";
import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import type { KeyKind, KeyMaterial, KeyRing, KeyVersion } from "./key-ring.ts";
import { signEs256, signPs256 } from "./sign-digest.ts";
import { requireRole, type VaultAccessOptions } from "./vault-access.ts";
import { attributesOf, listPage, notFound, vaultReply } from "./vault-reply.ts";

/** What the sandbox's Key Vault knows of keys. */
export interface KeysRestOptions extends VaultAccessOptions {
  /** What it holds. */
  readonly keys: KeyRing;
  /** The vault's own origin. */
  readonly origin: string;
}

/** The algorithms that the sandbox signs by; each takes a digest of SHA-256. */
const DIGEST_BYTES: Readonly<Record<string, number>> = { ES256: 32, PS256: 32 };

/**
 * Answers a request to the keys of Key Vault (learn.microsoft.com/rest/api/keyvault/keys): read, list versions, sign.
 *
 * @param path below `/keys/`; a key is signed with without naming a version, too
 */
export function answerKeys(
  options: KeysRestOptions,
  request: ServiceRequest,
  caller: TokenClaims,
  path: readonly string[],
): Reply {
  const { keys, origin } = options;
  const signs = request.method === "POST" && path.at(-1) === "sign";
  const [name = "", version, ...rest] = signs ? path.slice(0, -1) : path;
  if ((!signs && request.method !== "GET") || name === "" || rest.length > 0) {
    throw new Refusal(404, "NotFound", "The requested resource does not exist.");
  }
  requireRole(options, caller, {
    roleAssigned: keys.roleAssigned,
    action: signs ? "keys/sign/action" : "keys/read",
    object: `keys/${name}`,
  });
  if (!signs && version === "versions") {
    return listPage(request, `${origin}/keys/${name}/versions`, keys.list(name), (key) => ({
      kid: idOf(origin, key),
      attributes: attributesOf(key),
      tags: {},
    }));
  }
  const key = keys.find(name, version);
  if (key === undefined) throw notFound("Key", name, version);
  return signs ? sign(origin, key, request.body) : describe(origin, key);
}

/** A disabled key can be read: only what uses its private half is refused. */
function describe(origin: string, key: KeyVersion): Reply {
  return vaultReply(200, {
    key: { kid: idOf(origin, key), ...key.value.publicJwk, key_ops: operationsOf(key) },
    attributes: { ...attributesOf(key), exportable: false },
    tags: {},
  });
}

/**
 * Statuses, codes and words are the service's (azure-sdk-for-python 45342, azure-sdk-for-js 12654, azure-sdk-for-java 6262),
 * but for a key out of its time: that it is refused is documented, the inner codes are named like `KeyDisabled`.
 */
function sign(origin: string, key: KeyVersion, body: string): Reply {
  const { enabled, expiresOn, notBefore } = key.attributes;
  if (!operationsOf(key).includes("sign")) {
    throw forbidden("Operation sign is not permitted on this key.", "KeyOperationForbidden");
  }
  if (enabled === false) throw forbidden("Operation sign is not allowed on a disabled key.", "KeyDisabled");
  if (expiresOn && expiresOn.getTime() <= Date.now()) {
    throw forbidden("Operation sign is not allowed on an expired key.", "KeyExpired");
  }
  if (notBefore && notBefore.getTime() > Date.now()) {
    throw forbidden("Operation sign is not allowed on a key that is not yet valid.", "KeyNotYetValid");
  }
  const { alg, digest } = readSignRequest(body);
  const misfit = misfitOf(key.value.kind, alg);
  if (misfit !== undefined) {
    throw badParameter(`Key and signing algorithm are incompatible. Key ${idOf(origin, key)} ${misfit}`);
  }
  const value = signatureOf(key.value, digest).toString("base64url");
  return vaultReply(200, { kid: idOf(origin, key), value });
}

function readSignRequest(body: string): { readonly alg: string; readonly digest: Buffer } {
  const { alg, value } = parseObject(body);
  if (typeof alg !== "string" || typeof value !== "string") {
    throw badParameter("Property alg or value is missing or has invalid format.");
  }
  const wanted = DIGEST_BYTES[alg];
  if (wanted === undefined) throw badParameter(`Unknown or unsupported algorithm '${alg}'.`);
  const digest = Buffer.from(value, "base64url");
  if (digest.length !== wanted) {
    throw badParameter(
      `Invalid length of 'value': ${digest.length} bytes. ${alg} requires ${wanted} bytes, encoded with base64url.`,
    );
  }
  return { alg, digest };
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    throw badParameter("The request body is not a JSON document.");
  }
}

function misfitOf(kind: KeyKind, alg: string): string | undefined {
  const wanted = alg === "ES256" ? "EC" : "RSA";
  if (kind.kty !== wanted) {
    return `is of type '${kind.kty}', and algorithm '${alg}' can only be used with a key of type '${wanted}'.`;
  }
  if (kind.kty === "EC" && kind.curve !== "P-256") {
    return `uses curve '${kind.curve}', and algorithm '${alg}' can only be used with curve 'P-256'.`;
  }
  return undefined;
}

function signatureOf({ kind, privateKey }: KeyMaterial, digest: Buffer): Buffer {
  return kind.kty === "EC" ? signEs256(privateKey, digest) : signPs256(privateKey, digest, kind.bits);
}

function operationsOf(key: KeyVersion): readonly string[] {
  return key.attributes.operations ?? ["sign", "verify"];
}

function idOf(origin: string, { name, version }: KeyVersion): string {
  return `${origin}/keys/${name}/${version}`;
}

function forbidden(message: string, detail: string): Refusal {
  return new Refusal(403, "Forbidden", message, { detail });
}

function badParameter(message: string): Refusal {
  return new Refusal(400, "BadParameter", message);
}
