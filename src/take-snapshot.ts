import type { TokenCredential } from "@azure/identity";
import { commitSnapshot, pointLatestAt } from "./archive/commit.ts";
import { type Attempt, leaveKeptOut, leavingOutcome } from "./archive/last-run-blob.ts";
import { findPredecessor } from "./archive/predecessor.ts";
import { pruneAfterCommit } from "./archive/prune-after-commit.ts";
import { buildManifest } from "./build-manifest.ts";
import { ChangesSincePrevious } from "./changes/changes-since-previous.ts";
import { type Clock, systemClock } from "./clock.ts";
import { startDeadline } from "./deadline.ts";
import { openFormats } from "./formats/extra-format.ts";
import { granteeOf } from "./graph/grant.ts";
import { Graph } from "./graph/graph.ts";
import { userQuery } from "./graph/user-query.ts";
import type { HttpContext, Timeouts } from "./http/http-client.ts";
import { openAzureIdentity } from "./identity/azure-identity.ts";
import type { MsalApps } from "./identity/msal-apps.ts";
import { resolveTenantId } from "./identity/tenant-id.ts";
import { openTokenSource } from "./identity/token.ts";
import type { VaultReads } from "./identity/vault-reads.ts";
import { listUsers } from "./listing/list-users.ts";
import type { ProgressListener } from "./progress.ts";
import { MorningPage } from "./report/morning-page.ts";
import type { Settings } from "./settings/settings.ts";
import { openSigner, openVerifier } from "./signature/open-keys.ts";
import { beganSince, lockPath } from "./snapshot/layout.ts";
import type { Manifest } from "./snapshot/manifest.ts";
import { openRun, type Run } from "./snapshot/run.ts";
import { SnapshotWriter } from "./snapshot/snapshot-writer.ts";
import { type Container, openContainer } from "./storage/container.ts";
import { EndlessLease, type Lock, takeLock } from "./storage/lock.ts";
import { checkClock } from "./storage/service-clock.ts";

/** What a run takes besides its settings; everything has a default that is right in production. */
export interface RunOptions {
  /** Ends the run; its reason is what the run then throws. */
  readonly signal?: AbortSignal;
  /** Opens Key Vault and Storage; managed identity in Azure, `az login` on a laptop. */
  readonly identity?: TokenCredential;
  /** What other runs of the process have read of Key Vault; absent: this one reads for itself. */
  readonly vaultReads?: VaultReads;
  /** The apps of MSAL that runs of the process share; absent: this one signs in for itself. */
  readonly msalApps?: MsalApps;
  readonly clock?: Clock;
  /** How long a service may keep silent. */
  readonly timeouts?: Timeouts;
  /** Compressed bytes after which a part is closed. */
  readonly maxPartBytes?: number;
  /** Lets a list through, this once, that is much smaller than the last snapshot's. */
  readonly acceptShrink?: boolean;
  /** Builds, this once, on a snapshot that is not signed, or wrongly, although settings require a signature. */
  readonly acceptUnsigned?: boolean;
  /** The night that a snapshot is wanted for: none is taken if the newest began then or later. Absent: one is taken. */
  readonly slot?: Date;
  readonly onProgress?: ProgressListener;
}

/** A snapshot that was committed. */
export interface Taken {
  readonly manifest: Manifest;
  /** Older snapshots that were then pruned; `null` without `ROLLCALL_KEEP`, or if a warning says that it was not finished. */
  readonly pruned: number | null;
  /** Whether this run took it; otherwise it was there already, see {@link RunOptions.slot}. */
  readonly isNew: boolean;
  /** All of them: the manifest's, and those of what happened once it was written. */
  readonly warnings: readonly string[];
}

/** What a run has once it is the only one on its tenant. */
interface Alone {
  /** The directory's id. */
  readonly tenantId: string;
  /** Ends when the lock is lost. */
  readonly container: Container;
  readonly lock: Lock;
  /** As the container, ends when the lock is lost. */
  readonly locked: HttpContext & Pick<Run, "maxPartBytes">;
  readonly identity: TokenCredential;
  readonly attempt: Attempt;
}

/**
 * Takes one snapshot: whole and committed, or not there.
 *
 * @throws {RollcallError} for everything an operator can act on; nothing is published then
 */
export async function takeSnapshot(settings: Settings, options: RunOptions = {}): Promise<Taken> {
  const { clock = systemClock, identity = openAzureIdentity(), maxPartBytes, onProgress } = options;
  using deadline = startDeadline(settings.timeBudgetMs, options.signal);
  const deadlineMs = clock.elapsed() + settings.timeBudgetMs;
  const context = { clock, signal: deadline.signal, deadlineMs, proxy: settings.proxy, maxPartBytes };

  onProgress?.({ phase: "lock" });
  const tenantId = await resolveTenantId(settings.tenant, settings.cloud.authorityHost, context);
  const storage = openContainer(settings.storage, settings.container, identity, context.signal);
  await storage.prepare((time) => checkClock(time, clock));
  await using lock = await lockOf(storage, { tenantId, ...context });
  const locked = { ...context, signal: lock.signal };
  return await leavingOutcome(storage, { tenantId, ...locked }, (attempt) =>
    takeAlone(settings, options, {
      tenantId,
      container: storage.withSignal(lock.signal),
      lock,
      locked,
      identity,
      attempt,
    }),
  );
}

async function lockOf(storage: Container, of: HttpContext & { readonly tenantId: string }): Promise<Lock> {
  try {
    return await takeLock(storage, { path: lockPath(of.tenantId), ...of });
  } catch (error) {
    if (error instanceof EndlessLease) await leaveKeptOut(storage, of, error);
    throw error;
  }
}

/** Takes the snapshot as the only run on the tenant. */
async function takeAlone(
  settings: Settings,
  options: RunOptions,
  { tenantId, container, lock, locked, identity, attempt }: Alone,
): Promise<Taken> {
  const { cloud, properties, signingKey } = settings;
  const { clock } = locked;
  const { timeouts, slot, vaultReads, onProgress = () => undefined } = options;
  const signature = {
    keys: await openVerifier(
      settings.requireSignature ? signingKey : undefined,
      identity,
      locked,
      vaultReads,
    ),
    acceptUnsigned: options.acceptUnsigned ?? false,
  };
  const previous = await findPredecessor(container, tenantId, clock.now(), signature);
  if (previous.manifest && slot && beganSince(previous.manifest.runId, slot)) {
    // Its process may have died before it could move latest.json.
    const warnings = await pointLatestAt(container, previous.manifest, previous.manifestSha256);
    return { manifest: previous.manifest, isNew: false, pruned: null, warnings };
  }
  const run = await openRun(container, tenantId, locked, { previous: previous.manifest?.runId, slot });
  attempt.runId = run.folder.runId;
  await lock.nameHolder(run.folder.runId);
  await using comparison = new ChangesSincePrevious(run, { enabled: settings.changes, previous, properties });

  onProgress({ phase: "credential" });
  await using tokens = openTokenSource(settings, {
    ...run,
    tenantId,
    identity,
    vaultReads,
    msalApps: options.msalApps,
    ...(timeouts && { timeouts }),
  });
  const grantee = granteeOf(settings, tenantId, await tokens.get());
  const signer = await openSigner(signingKey, identity, run, vaultReads);

  const { graphUrl } = cloud;
  const { concurrency, maxShrinkPercent } = settings;
  await using graph = new Graph({ ...run, graphUrl, tokens, concurrency, ...(timeouts && { timeouts }) });
  const query = userQuery(graph.root, properties, grantee);
  const formats = await openFormats(settings.formats, properties);
  const page = settings.report ? new MorningPage(run, properties) : undefined;
  await using users = await listUsers(graph, query, {
    ...run,
    mode: settings.listing,
    counted: settings.count,
    previous: previous.manifest,
    countOffered: previous.countOffered,
    openParts: () => new SnapshotWriter(run, formats, page?.watch()),
    watchChanges: () => comparison.watch(),
    guard: { previousUsers: previous.users, maxShrinkPercent, acceptShrink: options.acceptShrink ?? false },
    onProgress,
  });

  onProgress({ phase: "changes" });
  const changes = await comparison.finish(users.parts);

  onProgress({ phase: "commit" });
  const manifest = buildManifest({ run, properties, graph, tokens, users, changes, previous, signer });
  const beforeManifest = async () => {
    await lock.confirm();
    // From here on a manifest may exist, and its parts must stay.
    users.keep();
    comparison.keep();
  };
  const late = await commitSnapshot(run, manifest, { signer, beforeManifest });
  // Only the next night signs in on this tenant again, and it is to notice what was taken away meanwhile.
  tokens.drop();
  const ofPage = (await page?.publish()) ?? [];

  if (settings.keep) onProgress({ phase: "prune" });
  const { pruned, warnings } = await pruneAfterCommit(run, settings.keep);
  return {
    manifest,
    isNew: true,
    pruned,
    warnings: [...manifest.warnings, ...late, ...ofPage, ...warnings],
  };
}
