import { randomUUID } from "node:crypto";
import { Refusal } from "../service/refusal.ts";
import type { Reply } from "../service/reply.ts";
import type { ServiceRequest } from "../service/service.ts";
import type { StoredVersion, VersionAttributes } from "./version-store.ts";

const pageSize = 25;

/** A JSON document with the headers of all of Key Vault's answers. */
export function vaultReply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
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

/** Key Vault's error document. */
export function vaultErrorReply(refusal: Refusal): Reply {
  const { message, detail, status } = refusal;
  const code = status === 429 ? "Throttled" : refusal.code;
  const innererror = detail === undefined ? {} : { innererror: { code: detail } };
  return vaultReply(status, { error: { code, message, ...innererror } }, refusal.headers);
}

/** The attributes that secrets and keys have, as they are on the wire. */
export function attributesOf(
  stored: StoredVersion<unknown, VersionAttributes>,
): Readonly<Record<string, unknown>> {
  const { enabled = true, expiresOn, notBefore } = stored.attributes;
  return {
    enabled,
    ...(notBefore === undefined ? {} : { nbf: Math.floor(notBefore.getTime() / 1000) }),
    ...(expiresOn === undefined ? {} : { exp: Math.floor(expiresOn.getTime() / 1000) }),
    created: stored.createdSeconds,
    updated: stored.updatedSeconds,
    recoveryLevel: "Recoverable+Purgeable",
    recoverableDays: 90,
  };
}

/**
 * One page of a listing.
 *
 * @param url the listing's, without a query
 */
export function listPage<Item>(
  request: ServiceRequest,
  url: string,
  items: readonly Item[],
  describe: (item: Item) => unknown,
): Reply {
  const size = Number(request.query.get("maxresults") ?? pageSize);
  if (!Number.isInteger(size) || size < 1 || size > pageSize) {
    throw new Refusal(400, "BadParameter", `maxresults must be between 1 and ${pageSize}`);
  }
  const from = Number(request.query.get("$skiptoken") ?? 0);
  const query = `api-version=${request.query.get("api-version")}&$skiptoken=${from + size}&maxresults=${size}`;
  return vaultReply(200, {
    value: items.slice(from, from + size).map(describe),
    nextLink: from + size < items.length ? `${url}?${query}` : null,
  });
}

/** The answer for an object that is not there. */
export function notFound(kind: "Secret" | "Key", name: string, version: string | undefined): Refusal {
  const id = version === undefined ? name : `${name}/${version}`;
  return new Refusal(
    404,
    `${kind}NotFound`,
    `A ${kind.toLowerCase()} with (name/id) ${id} was not found in this key vault. If you recently deleted this ${kind.toLowerCase()} you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  );
}
