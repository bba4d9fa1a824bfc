import { type IssuedCertificate, issueCertificate } from "./service/certificate.ts";
import { sandboxTls } from "./service/tls.ts";
import { type Storage, startQueues, startStorage } from "./storage.ts";
import { startTenant, type Tenant, type TenantOptions } from "./tenant.ts";

/** The ways to sign in. The vault always holds the certificate and the secret; the others are allowed where they are asked for. */
export const CREDENTIAL_KINDS = ["certificate", "secret", "federated", "managed-identity"] as const;

/** One of {@link CREDENTIAL_KINDS}. */
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** Options of {@link startSandbox}, in addition to those of its tenant. */
export interface SandboxOptions extends TenantOptions {
  /** How `environment` has the app sign in; the certificate by default. */
  readonly credential?: CredentialKind;
  /** The app's certificate; a fresh one by default. A key takes time to make: several sandboxes may share one. */
  readonly certificate?: IssuedCertificate;
  /** Whether `environment` names the signing key, which the vault holds anyway as `manifest-key`. Off by default. */
  readonly signs?: boolean;
  /** The signing key, EC P-256, as PEM; made anew by default. */
  readonly signingKeyPem?: string;
  /** Value of `ROLLCALL_CONTAINER`; `user-snapshots` by default. */
  readonly container?: string;
  /** Value of `ROLLCALL_SCHEDULE`, six fields; every night at two by default. */
  readonly schedule?: string;
  /** Folder for the blobs; in memory when absent. */
  readonly storageLocation?: string;
  /** Any free port by default. */
  readonly storagePort?: number;
  /** Whether there are queues beside the blobs, for the Functions host, which `environment` then names. Off by default. */
  readonly queues?: boolean;
  /** Any free port by default. */
  readonly queuePort?: number;
  /** A storage that is already running, and that the sandbox does not stop; its own by default. */
  readonly storage?: Storage;
}

/** Everything that a run needs, on the loopback interface. */
export interface Sandbox extends AsyncDisposable {
  /** The tenant, with its vault and the function app's identity. */
  readonly tenant: Tenant;
  /** The blob storage. */
  readonly storage: Storage;
  /** The queues of the Functions host; `undefined` where none were asked for. */
  readonly queues: Storage | undefined;
  /** The app's certificate, kept in the vault as `graph-cert`. */
  readonly certificate: IssuedCertificate;
  /** The app's secret, kept in the vault as `graph-secret`. */
  readonly secret: string;
  /** All settings of a run, as environment variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The key in the vault that signs manifests. */
const SIGNING_KEY_NAME = "manifest-key";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Starts a tenant and a storage, with an app registration whose credentials are in the vault. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const tls = options.tls ?? (await sandboxTls());
  await using started = new AsyncDisposableStack();
  const tenant = started.use(await startTenant({ ...options, tls }));
  const storage =
    options.storage ??
    started.use(
      await startStorage({
        tls,
        ...(options.storageLocation === undefined ? {} : { location: options.storageLocation }),
        ...(options.storagePort === undefined ? {} : { port: options.storagePort }),
      }),
    );
  const queues = options.queues
    ? started.use(
        await startQueues({
          tls,
          ...(options.storageLocation === undefined ? {} : { location: `${options.storageLocation}-queues` }),
          ...(options.queuePort === undefined ? {} : { port: options.queuePort }),
        }),
      )
    : undefined;
  const certificate =
    options.certificate ?? (await issueCertificate({ commonName: "graph-cert", days: 365 }));
  tenant.app.addCertificate(certificate.certificatePem);
  tenant.vault.set("graph-cert", certificate.pem, {
    contentType: "application/x-pem-file",
    expiresOn: certificate.expiresOn,
  });
  const expiresOn = new Date(Date.now() + 180 * DAY_MS);
  const secret = tenant.app.addSecret({ expiresOn }).value;
  tenant.vault.set("graph-secret", secret, { contentType: "text/plain", expiresOn });
  if (options.credential === "federated") trustIdentity(tenant);
  if (options.credential === "managed-identity") tenant.identity.roles.add("User.Read.All");
  if (options.signingKeyPem === undefined) tenant.vault.keys.create(SIGNING_KEY_NAME);
  else tenant.vault.keys.import(SIGNING_KEY_NAME, options.signingKeyPem);
  const services = started.move();
  return {
    tenant,
    storage,
    queues,
    certificate,
    secret,
    environment: {
      ...namesOf(tenant),
      ...settingsOf(tenant, options.credential ?? "certificate"),
      ...(options.signs && {
        ROLLCALL_KEY_VAULT_URL: tenant.vault.origin,
        ROLLCALL_SIGNING_KEY_NAME: SIGNING_KEY_NAME,
      }),
      ROLLCALL_STORAGE: storage.url,
      ROLLCALL_CONTAINER: options.container ?? "user-snapshots",
      ...(queues && {
        AzureWebJobsStorage__queueServiceUri: queues.url,
        AzureWebJobsStorage__credential: "managedidentity",
        AzureWebJobsStorage__clientId: tenant.identity.clientId,
      }),
      ROLLCALL_SCHEDULE: options.schedule ?? "0 0 2 * * *",
      ROLLCALL_AUTHORITY_HOST: tenant.entra.origin,
      ROLLCALL_GRAPH_URL: tenant.graph.origin,
      IDENTITY_ENDPOINT: tenant.identity.endpoint,
      IDENTITY_HEADER: tenant.identity.header,
      AZURE_CLIENT_ID: tenant.identity.clientId,
      NODE_EXTRA_CA_CERTS: tls.authorityFile,
    },
    [Symbol.asyncDispose]: () => services.disposeAsync(),
  };
}

/** Has the app registration take the managed identity's token in place of a secret. */
export function trustIdentity({ app, entra, identity, tenantId }: Tenant): void {
  app.federatedCredentials.push({
    issuer: `${entra.origin}/${tenantId}/v2.0`,
    subject: identity.principalId,
    audience: "api://AzureADTokenExchange",
  });
}

function namesOf({ tenantId, neighbours }: Tenant): Readonly<Record<string, string>> {
  if (neighbours.length === 0) return { ROLLCALL_TENANT_ID: tenantId };
  const others = neighbours.map((neighbour) => neighbour.tenantId);
  return { ROLLCALL_TENANTS: [tenantId, ...others].join() };
}

function settingsOf(tenant: Tenant, credential: CredentialKind): Readonly<Record<string, string>> {
  const app = { ROLLCALL_CLIENT_ID: tenant.clientId };
  const inVault = { ...app, ROLLCALL_KEY_VAULT_URL: tenant.vault.origin };
  switch (credential) {
    case "certificate":
      return { ...inVault, ROLLCALL_CERTIFICATE_NAME: "graph-cert" };
    case "secret":
      return { ...inVault, ROLLCALL_SECRET_NAME: "graph-secret" };
    case "federated":
      return { ...app, ROLLCALL_CREDENTIAL: "federated" };
    case "managed-identity":
      return { ROLLCALL_CREDENTIAL: "managed-identity" };
  }
}
