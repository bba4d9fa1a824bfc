import { randomUUID } from "node:crypto";
import { AppRegistration } from "./entra/app-registration.ts";
import { answerEntra } from "./entra/entra.ts";
import { entraErrorReply } from "./entra/entra-error.ts";
import {
  answerManagedIdentity,
  type ManagedIdentity,
  managedIdentityErrorReply,
} from "./entra/managed-identity.ts";
import { bearerOf, createTokenSigner, tenantOf } from "./entra/token.ts";
import { Graph } from "./graph/graph.ts";
import { graphErrorReply } from "./graph/graph-reply.ts";
import { Throttle, type ThrottleOptions } from "./graph/throttle.ts";
import { type Neighbour, type NeighbourOptions, settleNeighbour } from "./neighbour.ts";
import { Directory } from "./people/directory.ts";
import { joinPlatform, PLATFORM_HEADER } from "./platform.ts";
import { type FaultRule, FaultScript, type RuleDisposer, type ServiceName } from "./service/fault.ts";
import { Journal, type RecordedRequest } from "./service/journal.ts";
import { type ServiceDefinition, startService } from "./service/service.ts";
import { type SandboxTls, sandboxTls } from "./service/tls.ts";
import { Vault } from "./vault/vault.ts";
import { vaultErrorReply } from "./vault/vault-reply.ts";
import { answerVault } from "./vault/vault-rest.ts";

/** Options of {@link startTenant}. All have defaults. */
export interface TenantOptions {
  /** People in the directory; 2000 by default. */
  readonly users?: number;
  /** The same seed gives the same people; 1 by default. */
  readonly seed?: number;
  /** Share of people whose `createdDateTime` is null; 0.005 by default. */
  readonly nullCreatedShare?: number;
  /** TLS of the services; by default made once for this process. */
  readonly tls?: SandboxTls;
  /** Directory id; random by default. */
  readonly tenantId?: string;
  /** Initial domain; `contoso.onmicrosoft.com` by default. */
  readonly domain?: string;
  /** Client id of the app registration; random by default. */
  readonly clientId?: string;
  /** Value of `IDENTITY_HEADER`; random for the process by default, see `joinPlatform`. */
  readonly identityHeader?: string;
  /** Client id of the user-assigned managed identity; random by default. */
  readonly identityClientId?: string;
  /** Lifetime of Entra's tokens in seconds; 3599 by default. `tenant.tokenLifetimeSeconds` changes it later. */
  readonly tokenLifetimeSeconds?: number;
  /** Lifetime of the managed identity's tokens in seconds; 86400 by default. */
  readonly identityTokenLifetimeSeconds?: number;
  /** Milliseconds before each of Graph's answers; 0 by default. */
  readonly latencyMs?: number | (() => number);
  /** False for a tenant like B2C: no `$count`, no advanced queries, no sign-in activity. True by default. */
  readonly counts?: boolean;
  /** Whether the tenant has the licence that `signInActivity` needs; true by default. */
  readonly premium?: boolean;
  /** Graph's limits; none by default. */
  readonly throttle?: ThrottleOptions;
  /** Most bytes of rendered pages to keep; 512 MiB by default. */
  readonly pageCacheBytes?: number;
  /** Other tenants in which the same app is consented; none by default. They have the same Entra, Graph and limits. */
  readonly neighbours?: readonly NeighbourOptions[];
  /** Ports of the services; any free ones by default. All tenants of the process share one identity endpoint. */
  readonly ports?: Partial<Readonly<Record<ServiceName, number>>>;
}

/** Where a service of the tenant listens. */
export interface ServiceAddress {
  /** Scheme, host and port, without a trailing slash. */
  readonly origin: string;
}

/** A tenant that listens on the loopback interface until disposed. */
export interface Tenant extends AsyncDisposable {
  /** Directory id. */
  readonly tenantId: string;
  /** Initial domain, which Entra's URLs accept instead of the id. */
  readonly domain: string;
  /** Client id of the app registration. */
  readonly clientId: string;
  /** TLS of its services, for `trustSandbox`. */
  readonly tls: SandboxTls;
  /** The sign-in service: the authority host. */
  readonly entra: ServiceAddress;
  /** Microsoft Graph. */
  readonly graph: ServiceAddress;
  /** Key Vault: its address, its secrets, and who may read them. */
  readonly vault: Vault & ServiceAddress;
  /** The platform's identity endpoint. */
  readonly identity: ManagedIdentity;
  /** The app registration: its credentials and its consented roles. */
  readonly app: AppRegistration;
  /** The people. */
  readonly directory: Directory;
  /** The other tenants in which the app is consented. */
  readonly neighbours: readonly Neighbour[];
  /** Lifetime in seconds of the tokens that Entra issues from now on. */
  tokenLifetimeSeconds: number;
  /** Milliseconds before each of Graph's answers from now on. */
  latencyMs: number | (() => number);
  /** All requests so far, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** SHA-256 (hex) of every bearer token that a service received; see `hashToken`. */
  readonly tokensSeenBy: (service: ServiceName) => ReadonlySet<string>;
  /** Makes something go wrong, once unless the rule says otherwise. */
  readonly script: (rule: FaultRule) => RuleDisposer;
}

/** Starts a tenant. */
export async function startTenant(options: TenantOptions = {}): Promise<Tenant> {
  const tenantId = (options.tenantId ?? randomUUID()).toLowerCase();
  const domain = (options.domain ?? "contoso.onmicrosoft.com").toLowerCase();
  const seed = options.seed ?? 1;
  const app = new AppRegistration((options.clientId ?? randomUUID()).toLowerCase());
  const directory = new Directory({
    users: options.users ?? 2000,
    seed,
    domain,
    nullCreatedShare: options.nullCreatedShare ?? 0.005,
  });
  const signer = await createTokenSigner(tenantId);
  const tls = options.tls ?? (await sandboxTls());
  const script = new FaultScript();
  const journal = new Journal();
  const vault = new Vault();
  const origins = new Map<ServiceName, string>();
  const originOf = (name: ServiceName) => origins.get(name) ?? "";
  const identity: ManagedIdentity = {
    get endpoint() {
      return `${originOf("identity")}/msi/token`;
    },
    header: options.identityHeader ?? PLATFORM_HEADER,
    clientId: options.identityClientId ?? randomUUID(),
    principalId: randomUUID(),
    roles: new Set(),
  };
  const neighbours = (options.neighbours ?? []).map((neighbour, index) =>
    settleNeighbour(neighbour, app, index, options.nullCreatedShare ?? 0.005),
  );
  const home = { tenantId, domains: [domain, "contoso.example"], app, directory, signer };
  const others = neighbours.map((neighbour) => ({
    ...neighbour,
    domains: [neighbour.domain],
    signer: signer.forTenant(neighbour.tenantId),
  }));
  const pageCacheBytes = options.pageCacheBytes ?? 512 * 1024 * 1024;
  const entraAt = (place: typeof home) => ({
    ...place,
    identitySigner: signer,
    tokenLifetimeSeconds: () => tenant.tokenLifetimeSeconds,
    origin: () => originOf("entra"),
    graphOrigin: () => originOf("graph"),
  });
  const graphAt = (place: typeof home) =>
    new Graph({
      directory: place.directory,
      signer: place.signer,
      origin: () => originOf("graph"),
      tokenSecret: `${place.tenantId} ${seed}`,
      counts: options.counts ?? true,
      premium: options.premium ?? true,
      pageCacheBytes: Math.ceil(pageCacheBytes / (1 + others.length)),
      latencyMs: () => (typeof tenant.latencyMs === "number" ? tenant.latencyMs : tenant.latencyMs()),
      throttle:
        options.throttle &&
        new Throttle(options.throttle, `Tenant_Application/Read/${app.clientId}/${place.tenantId}`),
    });
  const [ownEntra, ownGraph] = [entraAt(home), graphAt(home)];
  const otherEntras = new Map(
    others
      .map(entraAt)
      .flatMap((entra) => [entra.tenantId, ...entra.domains].map((name) => [name, entra] as const)),
  );
  const otherGraphs = new Map(others.map((place) => [place.tenantId, graphAt(place)]));
  // Whom nobody knows, the app's own tenant refuses.
  const entraOf = (path: string) => otherEntras.get(path.split("/")[1]?.toLowerCase() ?? "") ?? ownEntra;
  const graphOf = (id: string | undefined) => otherGraphs.get(id ?? "") ?? ownGraph;
  const platform = {
    identity: () => identity,
    signer,
    tokenLifetimeSeconds: options.identityTokenLifetimeSeconds ?? 86_400,
    issuer: () => `${originOf("entra")}/${tenantId}/v2.0`,
    graphOrigin: () => originOf("graph"),
  };
  const keyVault = {
    vault,
    signer,
    identity: () => identity,
    authority: () => `${originOf("entra")}/${tenantId}`,
    origin: () => originOf("vault"),
  };
  const portOf = (name: ServiceName) => options.ports?.[name] ?? 0;
  const definitions: readonly ServiceDefinition[] = [
    {
      name: "entra",
      tls,
      port: portOf("entra"),
      answer: (request) => answerEntra(entraOf(request.path), request),
      tenantOf: (path) => entraOf(path).tenantId,
      refuse: entraErrorReply,
    },
    {
      name: "graph",
      tls,
      port: portOf("graph"),
      answer: (request) => graphOf(request.tenantId).answer(request),
      tenantOf: (_, authorization) => tenantOf(bearerOf(authorization)),
      refuse: graphErrorReply,
      pageOf: (path, query, id) => graphOf(id).pageOf(path, query),
    },
    {
      name: "vault",
      tls,
      port: portOf("vault"),
      answer: (request) => answerVault(keyVault, request),
      refuse: vaultErrorReply,
    },
    {
      name: "identity",
      tls: undefined,
      port: portOf("identity"),
      answer: (request) => answerManagedIdentity(platform, request),
      refuse: managedIdentityErrorReply,
    },
  ];
  await using started = new AsyncDisposableStack();
  for (const definition of definitions) {
    const service = started.use(await startService(definition, script, journal));
    origins.set(definition.name, service.origin);
  }
  if (options.ports?.identity === undefined) {
    const registration = started.use(
      await joinPlatform(Number(new URL(originOf("identity")).port), identity.clientId),
    );
    origins.set("identity", registration.origin);
  }
  const services = started.move();
  const tenant: Tenant = {
    tenantId,
    domain,
    clientId: app.clientId,
    tls,
    entra: { origin: originOf("entra") },
    graph: { origin: originOf("graph") },
    vault: Object.assign(vault, { origin: originOf("vault") }),
    identity,
    app,
    directory,
    neighbours,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 3599,
    latencyMs: options.latencyMs ?? 0,
    requests: journal.requests,
    tokensSeenBy: (service) => journal.tokensSeenBy(service),
    script: (rule) => script.add(rule),
    [Symbol.asyncDispose]: () => services.disposeAsync(),
  };
  return tenant;
}
