import {
  createHash,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { promisify } from "node:util";

/** Claims of an access token. */
export interface TokenClaims {
  /** The resource that the token is for. */
  readonly aud: string;
  /** Application id of the caller. */
  readonly appid: string;
  /** Object id of the caller's service principal. */
  readonly oid: string;
  /** Expiry in unix seconds. */
  readonly exp: number;
  /** App roles; absent if there is no consent for any. */
  readonly roles?: readonly string[];
}

/** What a token is issued for. */
export interface TokenGrant {
  /** Resource, without a trailing slash. */
  readonly audience: string;
  /** Application id. */
  readonly appId: string;
  /** Object id of the service principal. */
  readonly principalId: string;
  /** How the caller authenticated: `1` by secret, `2` by certificate or managed identity. */
  readonly proof: "1" | "2";
  /** Consented app roles; an empty list gives a token without `roles`. */
  readonly roles: readonly string[];
  /** Lifetime in seconds; a negative one gives a token that has already expired. */
  readonly lifetimeSeconds: number;
}

/** What an assertion says. */
export interface AssertionClaims {
  /** Issuer of version 2 tokens: the tenant's, as in its OpenID configuration. */
  readonly iss: string;
  /** Object id of the caller's service principal. */
  readonly sub: string;
  /** Application id of the resource. */
  readonly aud: string;
  /** Application id of the caller. */
  readonly appId: string;
  /** Lifetime in seconds; a negative one gives an assertion that has already expired. */
  readonly lifetimeSeconds: number;
}

/** Why a token is refused. */
export type TokenProblem = "malformed" | "signature" | "expired";

/** Signs a tenant's access tokens, and verifies them. */
export class TokenSigner {
  /** Issuer claim of v1 tokens, which all three resources use. */
  readonly issuer: string;
  readonly #tenantId: string;
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  readonly #verified = new Map<string, TokenClaims>();

  constructor(tenantId: string, key: KeyObject) {
    this.issuer = `https://sts.windows.net/${tenantId}/`;
    this.#tenantId = tenantId;
    this.#key = key;
    this.#publicKey = createPublicKey(key);
    this.#keyId = createHash("sha256")
      .update(this.#publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
  }

  /** The public key as Entra publishes it at `jwks_uri`. */
  get jwk(): Readonly<Record<string, unknown>> {
    return { ...this.#publicKey.export({ format: "jwk" }), kid: this.#keyId, use: "sig", alg: "RS256" };
  }

  /** Signs for another tenant with the same key, as Entra does for all of a cloud. */
  forTenant(tenantId: string): TokenSigner {
    return new TokenSigner(tenantId, this.#key);
  }

  /** Makes an access token as described in learn.microsoft.com/entra/identity-platform/access-token-claims-reference. */
  issue(grant: TokenGrant): string {
    const now = Math.floor(Date.now() / 1000);
    const issuedAt = Math.min(now, now + grant.lifetimeSeconds - 1);
    const claims = {
      aud: grant.audience,
      iss: this.issuer,
      iat: issuedAt,
      nbf: issuedAt,
      exp: now + grant.lifetimeSeconds,
      appid: grant.appId,
      appidacr: grant.proof,
      idp: this.issuer,
      idtyp: "app",
      oid: grant.principalId,
      sub: grant.principalId,
      tid: this.#tenantId,
      uti: randomUUID(),
      ver: "1.0",
      ...(grant.roles.length > 0 ? { roles: grant.roles } : {}),
    };
    return this.#sign({ typ: "JWT", alg: "RS256", kid: this.#keyId, x5t: this.#keyId }, claims);
  }

  /**
   * Makes a version 2 token, the kind that another app takes as an assertion. Version 2 has the resource's application id as
   * audience, and no thumbprint in its header.
   */
  issueAssertion(claims: AssertionClaims): string {
    const now = Math.floor(Date.now() / 1000);
    const { lifetimeSeconds, appId, ...named } = claims;
    const issuedAt = Math.min(now, now + lifetimeSeconds - 1);
    return this.#sign(
      { typ: "JWT", alg: "RS256", kid: this.#keyId },
      {
        ...named,
        iat: issuedAt,
        nbf: issuedAt,
        exp: now + lifetimeSeconds,
        azp: appId,
        azpacr: "2",
        idtyp: "app",
        oid: claims.sub,
        tid: this.#tenantId,
        uti: randomUUID(),
        ver: "2.0",
      },
    );
  }

  /** Whether a token names this signer's key. */
  hasKey(keyId: unknown): boolean {
    return keyId === this.#keyId;
  }

  #sign(head: object, claims: object): string {
    const signed = `${encode(head)}.${encode(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), this.#key).toString("base64url")}`;
  }

  /** The claims of a valid token of this tenant, or what is wrong with it. The caller must check the audience. */
  read(token: string): TokenClaims | TokenProblem {
    const claims = this.#verified.get(token) ?? this.#verify(token);
    if (typeof claims === "string") return claims;
    return claims.exp > Date.now() / 1000 ? claims : "expired";
  }

  #verify(token: string): TokenClaims | TokenProblem {
    const [head = "", body = "", signature = "", ...rest] = token.split(".");
    const claims = decode(body);
    if (rest.length > 0 || decode(head)?.alg !== "RS256" || typeof claims?.exp !== "number")
      return "malformed";
    const genuine = verify(
      "sha256",
      Buffer.from(`${head}.${body}`),
      this.#publicKey,
      Buffer.from(signature, "base64url"),
    );
    // One key signs for all tenants, so that it is the claim that tells whose the token is.
    if (!genuine || claims.tid !== this.#tenantId) return "signature";
    this.#verified.set(token, claims as unknown as TokenClaims);
    return claims as unknown as TokenClaims;
  }
}

/** Creates a signer with a new key. */
export async function createTokenSigner(tenantId: string): Promise<TokenSigner> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  return new TokenSigner(tenantId, privateKey);
}

/** The bearer token in an `authorization` header; `undefined` if there is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
}

/** The tenant that a token says it is of; `undefined` for one that cannot be read. */
export function tenantOf(token: string | undefined): string | undefined {
  const { tid } = decode(token?.split(".")[1] ?? "") ?? {};
  return typeof tid === "string" ? tid : undefined;
}

/** Encodes a part of a JWT. */
function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** Decodes a part of a JWT; `undefined` if it is not a JSON object. */
export function decode(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Not JSON: the caller refuses the token as malformed.
    return undefined;
  }
}
