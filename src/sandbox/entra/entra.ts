import { findFault } from "../service/fault.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import type { AppRegistration } from "./app-registration.ts";
import { checkAssertion, namesCertificate } from "./assertion.ts";
import { entraRefusal } from "./entra-error.ts";
import { checkFederatedAssertion } from "./federated-assertion.ts";
import type { TokenSigner } from "./token.ts";

/** Options of {@link answerEntra}. */
export interface EntraOptions {
  /** Directory id. The endpoints in its metadata have it even if a domain was asked for. */
  readonly tenantId: string;
  /** Verified domains. */
  readonly domains: readonly string[];
  /** The only app registration. */
  readonly app: AppRegistration;
  /** Signs the tokens. */
  readonly signer: TokenSigner;
  /** Signs the tokens of the function app's identity, which may be of another directory. */
  readonly identitySigner: TokenSigner;
  /** Lifetime of a token in seconds; called for each token. */
  readonly tokenLifetimeSeconds: () => number;
  /** This service's own origin. */
  readonly origin: () => string;
  /** Graph's origin, which is an alias of the resource `https://graph.microsoft.com`. */
  readonly graphOrigin: () => string;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000";
const GRAPH = "https://graph.microsoft.com";

/** Answers a request to the sign-in service. */
export async function answerEntra(options: EntraOptions, request: ServiceRequest): Promise<Reply> {
  const [tenant = "", ...segments] = request.path.split("/").filter((segment) => segment !== "");
  const route = segments.join("/");
  const { method } = request;
  if (method === "GET" && route === "v2.0/.well-known/openid-configuration") {
    mustKnow(options, tenant, "invalid_tenant");
    return json(openidConfiguration(options));
  }
  if (method === "GET" && route === "discovery/v2.0/keys") return json({ keys: [options.signer.jwk] });
  if (method === "POST" && route === "oauth2/v2.0/token") return json(grantToken(options, tenant, request));
  throw entraRefusal(404, "invalid_request", 900144, "There is nothing at this address.");
}

function openidConfiguration(options: EntraOptions): unknown {
  const base = `${options.origin()}/${options.tenantId}`;
  return {
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
  };
}

function grantToken(options: EntraOptions, tenant: string, request: ServiceRequest): unknown {
  if (["common", "organizations", "consumers"].includes(tenant)) {
    throw entraRefusal(
      400,
      "invalid_request",
      9001023,
      "The grant type is not supported over the /common or /consumers endpoints.",
    );
  }
  mustKnow(options, tenant, "invalid_request");
  const form = new URLSearchParams(request.body);
  if (required(form, "grant_type") !== "client_credentials") {
    throw entraRefusal(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.");
  }
  const clientId = required(form, "client_id");
  if (clientId.toLowerCase() !== options.app.clientId || !options.app.isInstalled) {
    const message = `Application with identifier '${clientId}' was not found in the directory '${tenant}'.`;
    throw entraRefusal(400, "unauthorized_client", 700016, message);
  }
  const audience = resourceOf(required(form, "scope"), options);
  const proof = checkCredential(options, tenant, form);
  const lifetimeSeconds = options.tokenLifetimeSeconds();
  const token = options.signer.issue({
    audience,
    appId: options.app.clientId,
    principalId: options.app.principalId,
    proof,
    roles: audience.startsWith(GRAPH) || audience === GRAPH_APP_ID ? [...options.app.roles] : [],
    lifetimeSeconds,
  });
  return {
    token_type: "Bearer",
    expires_in: lifetimeSeconds,
    ext_expires_in: lifetimeSeconds,
    access_token: findFault(request.faults, "emptyToken") ? "" : token,
  };
}

function checkCredential(options: EntraOptions, tenant: string, form: URLSearchParams): "1" | "2" {
  const { app } = options;
  const assertion = form.get("client_assertion");
  if (assertion !== null) {
    if (required(form, "client_assertion_type") !== ASSERTION_TYPE) {
      throw entraRefusal(
        400,
        "invalid_request",
        90014,
        "The required field 'client_assertion_type' has an unknown value.",
      );
    }
    if (!namesCertificate(assertion)) {
      checkFederatedAssertion(assertion, app, options.identitySigner);
      return "2";
    }
    const audiences = [options.tenantId, tenant].map(
      (name) => `${options.origin()}/${name}/oauth2/v2.0/token`,
    );
    checkAssertion(assertion, app, audiences);
    return "2";
  }
  const value = form.get("client_secret");
  if (value === null || value === "") {
    const message =
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
    throw entraRefusal(401, "invalid_client", 7000216, message);
  }
  const secret = app.findSecret(value);
  if (secret === undefined) {
    const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.clientId}'.`;
    throw entraRefusal(401, "invalid_client", 7000215, message);
  }
  if (secret.expiresOn !== undefined && secret.expiresOn.getTime() <= Date.now()) {
    const message = `The provided client secret keys for app '${app.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`;
    throw entraRefusal(401, "invalid_client", 7000222, message);
  }
  return "1";
}

function resourceOf(scope: string, options: EntraOptions): string {
  const malformed = `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope ${scope} is not valid.`;
  if (scope.trim().includes(" ")) throw entraRefusal(400, "invalid_scope", 70011, malformed);
  if (!scope.endsWith("/.default")) {
    const message = `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`;
    throw entraRefusal(400, "invalid_scope", 1002012, message);
  }
  const resource = scope.slice(0, -"/.default".length);
  if (resource === options.graphOrigin()) return GRAPH;
  if ([GRAPH, GRAPH_APP_ID, "https://vault.azure.net", "https://storage.azure.com"].includes(resource))
    return resource;
  const message = `The resource principal named ${resource} was not found in the tenant named ${options.tenantId}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`;
  throw entraRefusal(400, "invalid_resource", 500011, message);
}

function mustKnow(options: EntraOptions, tenant: string, error: string): void {
  const name = tenant.toLowerCase();
  if (name === options.tenantId || options.domains.includes(name)) return;
  const message = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`;
  throw entraRefusal(400, error, 90002, message);
}

function required(form: URLSearchParams, field: string): string {
  const value = form.get(field);
  if (value === null) {
    const message = `The request body must contain the following parameter: '${field}'.`;
    throw entraRefusal(400, "invalid_request", 900144, message);
  }
  if (value === "") {
    const message = `The required field '${field}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.`;
    throw entraRefusal(400, "invalid_request", 90014, message);
  }
  return value;
}

function json(body: unknown): Reply {
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store, no-cache",
    Pragma: "no-cache",
  };
  return { status: 200, headers, body: JSON.stringify(body) };
}
