import { Snapshots } from "./archive/snapshots.ts";
import { storedTenants } from "./archive/stored-tenants.ts";
import { MINUTE, systemClock } from "./clock.ts";
import { RollcallError } from "./error.ts";
import { openAzureIdentity } from "./identity/azure-identity.ts";
import { resolveTenantId } from "./identity/tenant-id.ts";
import { type CLOUDS, cloudNamed } from "./settings/clouds.ts";
import { readerDeclarations } from "./settings/declarations.ts";
import { checkOptions, inWords, present } from "./settings/setting.ts";
import { type Container, openContainer } from "./storage/container.ts";

export type { AzureAnswer } from "./answer.ts";
export type {
  ChainEnd,
  ChainVerification,
  Freshness,
  LastFailure,
  LastRun,
  RunManifest,
  RunSummary,
  Snapshots,
  StoredSnapshot,
  UnreadableRun,
  Verification,
  VerifyOptions,
} from "./archive/snapshots.ts";
export { type ErrorCode, RollcallError } from "./error.ts";
export type { User } from "./rows/user-line.ts";
export type { KeepRules } from "./settings/keep-rules.ts";
export { type PublicKeys, readKeyFile as readPublicKeys } from "./signature/public-keys.ts";
export type { SignatureFinding } from "./signature/verify-signature.ts";
export type { Completeness } from "./snapshot/completeness.ts";
export type { Manifest } from "./snapshot/manifest.ts";
export type { PartEntry } from "./snapshot/part.ts";

/** Gets tokens for the storage, as any credential of `@azure/identity` does. */
export interface TokenCredential {
  /** @returns a bearer token for the scopes, and when it expires, in milliseconds since 1970 */
  getToken(
    scopes: string | string[],
    options?: { abortSignal?: AbortSignal },
  ): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

/** Where snapshots are, and as whom to read them. Nothing is taken from `ROLLCALL_…` variables. */
export interface OpenOptions {
  /** Blob service URL, such as `https://contosodata.blob.core.windows.net`; or a local emulator's connection string. */
  readonly storage: string;
  /** `user-snapshots` when absent. */
  readonly container?: string | undefined;
  /** Directory id or a verified domain. Absent: the only tenant that has snapshots in the container. */
  readonly tenantId?: string | undefined;
  /**
   * Needs the role "Storage Blob Data Reader" on the container. Absent: the managed identity in Azure, `az login` on a
   * laptop. Not asked for a connection string.
   */
  readonly credential?: TokenCredential | undefined;
  /** `global` when absent: decides which hosts are a blob service's, and where a domain is looked up. */
  readonly cloud?: keyof typeof CLOUDS | undefined;
  /** Origin where a domain is looked up, for a cloud not in the list. Absent: the cloud's. */
  readonly authorityHost?: string | undefined;
  /** Ends whatever is being read, now or later; its reason is then thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the snapshots of a tenant for reading. Needs neither Key Vault nor the app registration.
 *
 * @throws {RollcallError} `settings-invalid` for wrong options, all of them at once, and for an absent tenant where the
 *   container holds several; `snapshot-not-found` for an absent tenant where it holds none; `tenant-not-found`;
 *   the storage's errors
 */
export async function openSnapshots(options: OpenOptions): Promise<Snapshots> {
  const { credential, signal = new AbortController().signal } = options;
  const { storage, container: name, tenantId, authorityHost } = readOptions(options);
  signal.throwIfAborted();
  const identity = credential ?? openAzureIdentity();
  const container = openContainer(storage, name, identity, signal);
  const deadlineMs = systemClock.elapsed() + MINUTE;
  const id =
    tenantId === undefined
      ? await onlyTenant(container)
      : await resolveTenantId(tenantId, authorityHost, { clock: systemClock, signal, deadlineMs });
  return new Snapshots(container, id, signal);
}

/** Holds the options to the rules of the environment's settings. */
function readOptions(options: OpenOptions) {
  const { tenant, storage, container, cloud, authorityHost } = readerDeclarations(
    cloudNamed(present(options.cloud)),
  );
  // Absent, it is looked for in the container; blank, it is missing.
  const tenantId = { ...tenant, rule: options.tenantId === undefined ? tenant.rule.optional() : tenant.rule };
  const { values, problems } = checkOptions({ tenantId, storage, container, cloud, authorityHost }, options);
  if (!values) throw invalidOptions(inWords(problems));
  return values;
}

async function onlyTenant(container: Container): Promise<string> {
  const [tenantId, ...others] = await storedTenants(container);
  if (tenantId === undefined) {
    throw new RollcallError("snapshot-not-found", {
      doing: `looking for tenants in ${container.url}`,
      problem: "no snapshot has been published there yet",
      remedy: "Check storage and container. A run that did not finish left no snapshot.",
    });
  }
  if (others.length === 0) return tenantId;
  const names = [tenantId, ...others].join(", ");
  throw invalidOptions(`tenantId is missing, and the container holds snapshots of several tenants: ${names}`);
}

function invalidOptions(problem: string): RollcallError {
  return new RollcallError("settings-invalid", {
    doing: "opening the snapshots",
    problem,
    remedy: "Correct the options of openSnapshots.",
  });
}
