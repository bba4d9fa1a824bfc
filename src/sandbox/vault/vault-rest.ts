import { randomUUID } from "node:crypto";
import type { ManagedIdentity } from "../entra/managed-identity.ts";
import { bearerOf, type TokenClaims, type TokenSigner } from "../entra/token.ts";
import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import type { SecretVersion, Vault } from "./vault.ts";

/** Options of {@link answerVault}. */
export interface VaultRestOptions {
  /** The secrets. */
  readonly vault: Vault;
  /** Checks the tokens. */
  readonly signer: TokenSigner;
  /** The identity that may read secrets. */
  readonly identity: () => ManagedIdentity;
  /** The authority that the challenge names to callers without a token. */
  readonly authority: () => string;
  /** This service's own origin. */
  readonly origin: () => string;
}

const PAGE_SIZE = 25;

/** Answers a request to Key Vault (learn.microsoft.com/rest/api/keyvault/secrets). */
export async function answerVault(options: VaultRestOptions, request: ServiceRequest): Promise<Reply> {
  const caller = authenticate(options, request);
  const [collection, name, version, ...rest] = request.path.split("/").filter((segment) => segment !== "");
  if (request.method !== "GET" || collection !== "secrets" || name === undefined || rest.length > 0) {
    throw new Refusal(404, "NotFound", "The requested resource does not exist.");
  }
  if (!request.query.get("api-version")) {
    throw new Refusal(400, "BadParameter", "AKV10011: api-version must be specified");
  }
  if (!options.vault.roleAssigned || caller.oid !== options.identity().principalId) {
    throw forbiddenByRbac(options, caller, name, version === "versions" ? "readMetadata" : "getSecret");
  }
  return version === "versions" ? listVersions(options, request, name) : getSecret(options, name, version);
}

/** Key Vault's error document. */
export function vaultErrorReply(refusal: Refusal): Reply {
  const { message, detail, status } = refusal;
  const code = status === 429 ? "Throttled" : refusal.code;
  const innererror = detail === undefined ? {} : { innererror: { code: detail } };
  return json(status, { error: { code, message, ...innererror } }, refusal.headers);
}

function getSecret(options: VaultRestOptions, name: string, version: string | undefined): Reply {
  const secret = options.vault.find(name, version);
  if (secret === undefined) {
    const message = `A secret with (name/id) ${version === undefined ? name : `${name}/${version}`} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`;
    throw new Refusal(404, "SecretNotFound", message);
  }
  if (secret.attributes.enabled === false) {
    throw new Refusal(403, "Forbidden", "Operation get is not allowed on a disabled secret.", {
      detail: "SecretDisabled",
    });
  }
  return json(200, { value: secret.value, ...describe(options, secret) });
}

function listVersions(options: VaultRestOptions, request: ServiceRequest, name: string): Reply {
  const size = Number(request.query.get("maxresults") ?? PAGE_SIZE);
  if (!Number.isInteger(size) || size < 1 || size > PAGE_SIZE) {
    throw new Refusal(400, "BadParameter", `maxresults must be between 1 and ${PAGE_SIZE}`);
  }
  const from = Number(request.query.get("$skiptoken") ?? 0);
  const versions = options.vault.list(name);
  const query = `api-version=${request.query.get("api-version")}&$skiptoken=${from + size}&maxresults=${size}`;
  return json(200, {
    value: versions.slice(from, from + size).map((secret) => describe(options, secret)),
    nextLink: from + size < versions.length ? `${options.origin()}/secrets/${name}/versions?${query}` : null,
  });
}

function describe(options: VaultRestOptions, secret: SecretVersion): Readonly<Record<string, unknown>> {
  const { contentType, enabled = true, expiresOn, notBefore } = secret.attributes;
  const ofCertificate = contentType === "application/x-pkcs12" || contentType === "application/x-pem-file";
  const origin = options.origin();
  return {
    ...(contentType === undefined ? {} : { contentType }),
    id: `${origin}/secrets/${secret.name}/${secret.version}`,
    ...(ofCertificate ? { managed: true, kid: `${origin}/keys/${secret.name}/${secret.version}` } : {}),
    attributes: {
      enabled,
      ...(notBefore === undefined ? {} : { nbf: Math.floor(notBefore.getTime() / 1000) }),
      ...(expiresOn === undefined ? {} : { exp: Math.floor(expiresOn.getTime() / 1000) }),
      created: secret.createdSeconds,
      updated: secret.updatedSeconds,
      recoveryLevel: "Recoverable+Purgeable",
      recoverableDays: 90,
    },
    tags: {},
  };
}

function authenticate(options: VaultRestOptions, request: ServiceRequest): TokenClaims {
  const token = bearerOf(request.headers.authorization);
  if (token === undefined) throw challenge(options, "AKV10000: Request is missing a Bearer or PoP token.");
  const claims = options.signer.read(token);
  if (claims === "malformed") throw challenge(options, "AKV10001: JWT is not well formed.");
  if (claims === "signature") throw challenge(options, "AKV10023: Signature of the token is invalid.");
  if (claims === "expired") throw challenge(options, "AKV10002: Token is expired.");
  if (claims.aud.replace(/\/$/, "") !== "https://vault.azure.net") {
    throw challenge(
      options,
      "AKV10022: Invalid audience. Expected https://vault.azure.net, found: another resource.",
    );
  }
  return claims;
}

function challenge(options: VaultRestOptions, message: string): Refusal {
  const header = `Bearer authorization="${options.authority()}", resource="https://vault.azure.net"`;
  return new Refusal(401, "Unauthorized", message, { headers: { "WWW-Authenticate": header } });
}

function forbiddenByRbac(
  options: VaultRestOptions,
  caller: TokenClaims,
  name: string,
  action: string,
): Refusal {
  const message = [
    "Caller is not authorized to perform action on resource.",
    "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
    `Caller: appid=${caller.appid};oid=${caller.oid};iss=${options.signer.issuer}`,
    `Action: 'Microsoft.KeyVault/vaults/secrets/${action}/action'`,
    `Resource: '/subscriptions/sandbox/resourcegroups/sandbox/providers/microsoft.keyvault/vaults/sandbox/secrets/${name}'`,
    "Assignment: (not found)",
    "DenyAssignmentId: null",
    "DecisionReason: 'DeniedWithNoValidRBAC' ",
    "Vault: sandbox;location=westeurope",
  ];
  return new Refusal(403, "Forbidden", message.join("\r\n"), { detail: "ForbiddenByRbac" });
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  const common = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-cache",
    "x-ms-keyvault-region": "westeurope",
    "x-ms-request-id": randomUUID(),
    "x-ms-keyvault-service-version": "1.9.2500.1",
    "x-ms-keyvault-network-info": "conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;",
  };
  return { status, headers: { ...common, ...headers }, body: JSON.stringify(body) };
}
