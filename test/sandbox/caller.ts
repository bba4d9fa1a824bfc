import { request } from "undici";
import { trustSandbox } from "../../src/sandbox/service/tls.ts";
import { startTenant, type Tenant, type TenantOptions } from "../../src/sandbox/tenant.ts";

/** An answer, read to its end. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  /** Headers, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as text. */
  readonly text: string;
  /** The body as JSON; `undefined` when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read documents of every shape and assert what they find.
  readonly json: any;
}

/** Starts a tenant that this process trusts; small unless told otherwise. */
export async function openTenant(options: TenantOptions = {}): Promise<Tenant> {
  const tenant = await startTenant({ users: 300, ...options });
  trustSandbox(tenant.tls);
  return tenant;
}

/** A raw GET. */
export async function get(
  url: string,
  token?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await read(await request(url, { headers: { ...headers, ...authorization } }));
}

/** A raw form POST. */
export async function post(url: string, form: Readonly<Record<string, string>>): Promise<Answer> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return await read(
    await request(url, { method: "POST", headers, body: new URLSearchParams(form).toString() }),
  );
}

/** The form of a client-credentials request with a fresh secret; absent fields are replaced by `changes`. */
export function secretForm(
  tenant: Tenant,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    client_id: tenant.clientId,
    scope: "https://graph.microsoft.com/.default",
    grant_type: "client_credentials",
    client_secret: tenant.app.addSecret().value,
    ...changes,
  };
}

/** Where tokens come from. */
export function tokenEndpoint(tenant: Tenant, name = tenant.tenantId): string {
  return `${tenant.entra.origin}/${name}/oauth2/v2.0/token`;
}

/** A token of the app, for Graph unless told otherwise. */
export async function appToken(
  tenant: Tenant,
  scope = "https://graph.microsoft.com/.default",
): Promise<string> {
  return (await post(tokenEndpoint(tenant), secretForm(tenant, { scope }))).json.access_token;
}

/** A token of the managed identity. */
export async function identityToken(tenant: Tenant, resource: string): Promise<string> {
  const { endpoint, header, clientId } = tenant.identity;
  const query = new URLSearchParams({ "api-version": "2019-08-01", resource, client_id: clientId });
  return (await get(`${endpoint}?${query}`, undefined, { "x-identity-header": header })).json.access_token;
}

/** URL of a user list. */
export function usersUrl(tenant: Tenant, options: Readonly<Record<string, string>> = {}): string {
  const query = Object.entries(options).map(([name, value]) => `$${name}=${encodeURIComponent(value)}`);
  return `${tenant.graph.origin}/v1.0/users${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

/** Walks a listing by its next links; yields the pages. */
export async function* walk(
  url: string,
  token: string,
  headers: Record<string, string> = {},
): AsyncGenerator<Answer> {
  for (let next: string | undefined = url; next !== undefined; ) {
    const page: Answer = await get(next, token, headers);
    if (page.status !== 200) throw new Error(`status ${page.status}: ${page.text}`);
    yield page;
    next = page.json["@odata.nextLink"];
  }
}

/** Ids of a whole listing in the order in which they came. */
export async function walkIds(
  url: string,
  token: string,
  headers: Record<string, string> = {},
): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of walk(url, token, headers)) {
    for (const user of page.json.value) ids.push(user.id);
  }
  return ids;
}

async function read(response: Awaited<ReturnType<typeof request>>): Promise<Answer> {
  const text = await response.body.text();
  return { status: response.statusCode, headers: response.headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A test that expects JSON fails on `undefined`; others look at `text`.
    return undefined;
  }
}
