import type { TokenCredential } from "@azure/identity";
import { commitSnapshot } from "./archive/commit.ts";
import { FIRST_RUN, findPredecessor } from "./archive/predecessor.ts";
import { type ChangesOutcome, changesSinceLatest } from "./changes/changes-since-latest.ts";
import { type Clock, systemClock } from "./clock.ts";
import { startDeadline } from "./deadline.ts";
import { openFormats } from "./formats/extra-format.ts";
import { Graph } from "./graph/graph.ts";
import { adminConsentUrl } from "./graph/graph-error.ts";
import { userQuery } from "./graph/user-query.ts";
import type { Timeouts } from "./http/http-client.ts";
import { openAzureIdentity } from "./identity/azure-identity.ts";
import { resolveTenantId } from "./identity/tenant-id.ts";
import { openTokenSource } from "./identity/token.ts";
import { openVault } from "./identity/vault.ts";
import { listUsers } from "./listing/list-users.ts";
import type { ProgressListener } from "./progress.ts";
import type { Settings } from "./settings/settings.ts";
import { lockPath } from "./snapshot/layout.ts";
import { credentialEntry, MANIFEST_SCHEMA, type Manifest } from "./snapshot/manifest.ts";
import { openRunFolder } from "./snapshot/open-run-folder.ts";
import { SnapshotWriter } from "./snapshot/snapshot-writer.ts";
import { openContainer } from "./storage/container.ts";
import { takeLock } from "./storage/lock.ts";
import { checkClock } from "./storage/service-clock.ts";
import { VERSION } from "./version.ts";
import { warning } from "./warning.ts";

/** What a run takes besides its settings; everything has a default that is right in production. */
export interface RunOptions {
  /** Ends the run; its reason is what the run then throws. */
  readonly signal?: AbortSignal;
  /** Opens Key Vault and Storage; managed identity in Azure, `az login` on a laptop. */
  readonly identity?: TokenCredential;
  readonly clock?: Clock;
  /** How long a service may keep silent. */
  readonly timeouts?: Timeouts;
  /** Compressed bytes from which on a part is closed. */
  readonly maxPartBytes?: number;
  /** Lets a list through, this once, that is much smaller than the last snapshot's. */
  readonly acceptShrink?: boolean;
  readonly onProgress?: ProgressListener;
}

/** A snapshot that was committed. */
export interface Taken {
  readonly manifest: Manifest;
  /** All of them: the manifest's, and those of what happened once it was written. */
  readonly warnings: readonly string[];
}

/**
 * Takes one snapshot: whole and committed, or not there.
 *
 * @throws {RollcallError} for everything an operator can act on; nothing is published then
 */
export async function takeSnapshot(settings: Settings, options: RunOptions = {}): Promise<Taken> {
  const { clock = systemClock, identity = openAzureIdentity(), timeouts, maxPartBytes } = options;
  const report = options.onProgress ?? (() => undefined);
  using deadline = startDeadline(settings.timeBudgetMs, options.signal ?? new AbortController().signal);
  const deadlineMs = clock.elapsed() + settings.timeBudgetMs;
  const context = { clock, signal: deadline.signal, deadlineMs, proxy: settings.proxy };

  report({ phase: "lock" });
  const tenantId = await resolveTenantId(settings.tenant, settings.cloud.authorityHost, context);
  const storage = openContainer(settings.storage, settings.container, identity, context.signal);
  await storage.prepare((time) => checkClock(time, clock));
  await using lock = await takeLock(storage, { path: lockPath(tenantId), ...context });
  const run = { ...context, signal: AbortSignal.any([context.signal, lock.signal]) };
  const container = storage.withSignal(run.signal);
  const { folder, startedAt } = await openRunFolder(container, tenantId, run);
  const startedMs = clock.elapsed();
  await lock.nameHolder(folder.runId);
  const previous = await findPredecessor(container, tenantId, clock.now());

  report({ phase: "credential" });
  const vault = openVault(settings.vaultUrl, settings.credential, identity, run);
  await using tokens = openTokenSource(settings, { ...run, tenantId, vault, ...(timeouts && { timeouts }) });
  await tokens.get();

  await using graph = new Graph({
    ...run,
    graphUrl: settings.cloud.graphUrl,
    tokens,
    concurrency: settings.concurrency,
    ...(timeouts && { timeouts }),
  });
  const consentUrl = adminConsentUrl(settings.cloud.authorityHost, tenantId, settings.clientId);
  const query = userQuery(graph.root, settings.properties, consentUrl);
  const formats = await openFormats(settings.formats, settings.properties);
  await using users = await listUsers(graph, query, {
    ...run,
    mode: settings.listing,
    counted: settings.count,
    previous: previous.manifest,
    countOffered: previous.countOffered,
    openParts: () => new SnapshotWriter(container, folder, formats, maxPartBytes),
    guard: {
      previousUsers: previous.users,
      maxShrinkPercent: settings.maxShrinkPercent,
      acceptShrink: options.acceptShrink ?? false,
    },
    onProgress: report,
  });

  report({ phase: "changes" });
  await using undo = new AsyncDisposableStack();
  const snapshot = { folder, properties: settings.properties, parts: users.parts };
  const changes = await changesOrReason();
  const isReasonExpected = !settings.changes || changes.changesSkipped === FIRST_RUN;

  report({ phase: "commit" });
  const manifest: Manifest = {
    schema: MANIFEST_SCHEMA,
    tenantId,
    runId: folder.runId,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(startedAt.getTime() + clock.elapsed() - startedMs).toISOString(),
    source: {
      url: `${graph.root}/users`,
      properties: settings.properties,
      filled: users.filled,
      pages: users.pages,
      ...graph.stats,
      listing: users.listing,
      slices: users.slices,
    },
    completeness: users.completeness,
    guard: users.guard,
    credential: credentialEntry(tokens.credential()),
    parts: users.parts,
    ...(users.formats && { formats: users.formats }),
    ...changes,
    previous: previous.manifest
      ? { runId: previous.manifest.runId, users: previous.manifest.completeness.unique }
      : null,
    warnings: [
      ...tokens.warnings(),
      ...previous.warnings,
      ...users.warnings,
      ...(changes.changesSkipped === null || isReasonExpected
        ? []
        : [warning("changes-skipped", changes.changesSkipped)]),
    ],
    tool: { name: "rollcall", version: VERSION },
  };
  const later = await commitSnapshot(container, folder, manifest, {
    beforeManifest: async () => {
      await lock.confirm();
      // From here on a manifest may exist, and its parts must stay.
      users.keep();
      undo.move();
    },
  });
  return { manifest, warnings: [...manifest.warnings, ...later] };

  async function changesOrReason(): Promise<ChangesOutcome> {
    if (!settings.changes) return { changes: null, changesSkipped: "turned off by ROLLCALL_CHANGES" };
    if (!previous.manifest) return { changes: null, changesSkipped: previous.whyNone };
    return changesSinceLatest(container, previous.manifest, snapshot, { ...run, maxPartBytes, undo });
  }
}
