import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import { answerKeys } from "./keys-rest.ts";
import type { SecretVersion, Vault } from "./vault.ts";
import { authenticate, requireRole, type VaultAccessOptions } from "./vault-access.ts";
import { attributesOf, listPage, notFound, vaultReply } from "./vault-reply.ts";

/** What the sandbox's Key Vault knows. */
export interface VaultRestOptions extends VaultAccessOptions {
  /** What it holds. */
  readonly vault: Vault;
  /** This service's own origin. */
  readonly origin: () => string;
}

/** Answers a request to Key Vault (learn.microsoft.com/rest/api/keyvault). */
export async function answerVault(options: VaultRestOptions, request: ServiceRequest): Promise<Reply> {
  const caller = authenticate(options, request);
  const [collection, name, ...rest] = request.path.split("/").filter((segment) => segment !== "");
  const isSecret = collection === "secrets" && request.method === "GET" && rest.length <= 1;
  if (name === undefined || (!isSecret && collection !== "keys")) {
    throw new Refusal(404, "NotFound", "The requested resource does not exist.");
  }
  if (!request.query.get("api-version")) {
    throw new Refusal(400, "BadParameter", "AKV10011: api-version must be specified");
  }
  if (!isSecret) {
    const keys = { ...options, keys: options.vault.keys, origin: options.origin() };
    return answerKeys(keys, request, caller, [name, ...rest]);
  }
  const [version] = rest;
  requireRole(options, caller, {
    roleAssigned: options.vault.roleAssigned,
    action: `secrets/${version === "versions" ? "readMetadata" : "getSecret"}/action`,
    object: `secrets/${name}`,
  });
  if (version !== "versions") return getSecret(options, name, version);
  return listPage(
    request,
    `${options.origin()}/secrets/${name}/versions`,
    options.vault.list(name),
    (secret) => describe(options, secret),
  );
}

function getSecret(options: VaultRestOptions, name: string, version: string | undefined): Reply {
  const secret = options.vault.find(name, version);
  if (secret === undefined) throw notFound("Secret", name, version);
  if (secret.attributes.enabled === false) {
    throw new Refusal(403, "Forbidden", "Operation get is not allowed on a disabled secret.", {
      detail: "SecretDisabled",
    });
  }
  return vaultReply(200, { value: secret.value, ...describe(options, secret) });
}

function describe(options: VaultRestOptions, secret: SecretVersion): Readonly<Record<string, unknown>> {
  const { contentType } = secret.attributes;
  const ofCertificate = contentType === "application/x-pkcs12" || contentType === "application/x-pem-file";
  const origin = options.origin();
  return {
    ...(contentType === undefined ? {} : { contentType }),
    id: `${origin}/secrets/${secret.name}/${secret.version}`,
    ...(ofCertificate ? { managed: true, kid: `${origin}/keys/${secret.name}/${secret.version}` } : {}),
    attributes: attributesOf(secret),
    tags: {},
  };
}
