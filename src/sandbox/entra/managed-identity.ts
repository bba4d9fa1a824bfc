import { randomUUID } from "node:crypto";
import { findFault } from "../service/fault.ts";
import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import { EXCHANGE_APP_ID, EXCHANGE_AUDIENCES } from "./federated-assertion.ts";
import type { TokenSigner } from "./token.ts";

/** The function app's identity, as the platform offers it. */
export interface ManagedIdentity {
  /** Value of `IDENTITY_ENDPOINT`. */
  readonly endpoint: string;
  /** Value of `IDENTITY_HEADER`. */
  readonly header: string;
  /** Client id of the user-assigned identity. Requests without an id get the system-assigned one, with the same access. */
  readonly clientId: string;
  /** Object id, which other services know it by. */
  readonly principalId: string;
  /** Graph's app roles that were granted to it; none at first. Changes affect only tokens that are issued afterwards. */
  readonly roles: Set<string>;
}

/** Options of {@link answerManagedIdentity}. */
export interface ManagedIdentityOptions {
  /** The identity that gets the tokens. */
  readonly identity: () => ManagedIdentity;
  /** Signs the tokens. */
  readonly signer: TokenSigner;
  /** Lifetime of a token in seconds. */
  readonly tokenLifetimeSeconds: number;
  /** Issuer of its assertions: the tenant's, as in its OpenID configuration. */
  readonly issuer: () => string;
  /** Graph's origin, which is an alias of the resource `https://graph.microsoft.com`. */
  readonly graphOrigin: () => string;
}

const GRAPH = "https://graph.microsoft.com";

/** Resources that the identity gets access tokens for; besides, it gets assertions for token exchange. */
const RESOURCES = [GRAPH, "https://vault.azure.net", "https://storage.azure.com"];

/** Closes the connection, because the next request may be for another tenant of the process. */
const REPLY_HEADERS = { "Content-Type": "application/json; charset=utf-8", Connection: "close" };

/** Answers a request to the identity endpoint (learn.microsoft.com/azure/app-service/overview-managed-identity). */
export async function answerManagedIdentity(
  options: ManagedIdentityOptions,
  request: ServiceRequest,
): Promise<Reply> {
  const { query, headers } = request;
  const identity = options.identity();
  if (request.path !== "/msi/token" || request.method !== "GET")
    throw new Refusal(404, "NotFound", "Not found.");
  if (headers["x-identity-header"] !== identity.header)
    throw new Refusal(401, "Unauthorized", "X-IDENTITY-HEADER is missing or wrong.");
  if (query.get("api-version") !== "2019-08-01") throw new Refusal(400, "BadRequest", "Unknown api-version.");
  const asked = query.get("client_id") ?? identity.clientId;
  const principal = query.get("principal_id") ?? identity.principalId;
  if (asked !== identity.clientId || principal !== identity.principalId || query.has("mi_res_id")) {
    throw new Refusal(
      400,
      "BadRequest",
      "No Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
    );
  }
  const resource = query.get("resource")?.replace(/\/$/, "") ?? "";
  const { tokenLifetimeSeconds: lifetimeSeconds } = options;
  const token = issueToken(options, resource === options.graphOrigin() ? GRAPH : resource);
  const now = Math.floor(Date.now() / 1000);
  return {
    status: 200,
    headers: REPLY_HEADERS,
    body: JSON.stringify({
      access_token: findFault(request.faults, "emptyToken") ? "" : token,
      expires_on: String(now + lifetimeSeconds),
      not_before: String(now),
      resource: query.get("resource"),
      token_type: "Bearer",
      client_id: identity.clientId,
    }),
  };
}

function issueToken(options: ManagedIdentityOptions, resource: string): string {
  const { signer, tokenLifetimeSeconds: lifetimeSeconds } = options;
  const { clientId: appId, principalId, roles } = options.identity();
  if (EXCHANGE_AUDIENCES.includes(resource)) {
    const iss = options.issuer();
    return signer.issueAssertion({ iss, sub: principalId, aud: EXCHANGE_APP_ID, appId, lifetimeSeconds });
  }
  if (!RESOURCES.includes(resource)) {
    const message = `AADSTS500011: this identity has no access to the resource ${resource}.`;
    throw new Refusal(400, "BadRequest", message);
  }
  return signer.issue({
    audience: resource,
    appId,
    principalId,
    proof: "2",
    roles: resource === GRAPH ? [...roles] : [],
    lifetimeSeconds,
  });
}

/** The platform's error document. Its names begin with capital letters, which clients must handle. */
export function managedIdentityErrorReply(refusal: Refusal): Reply {
  return {
    status: refusal.status,
    headers: { ...REPLY_HEADERS, ...refusal.headers },
    body: JSON.stringify({
      StatusCode: refusal.status,
      Message: refusal.message,
      CorrelationId: randomUUID(),
    }),
  };
}
