import type { TokenCredential } from "@azure/identity";
import { changesSinceLatest } from "./changes/changes-since-latest.ts";
import { type Clock, systemClock } from "./clock.ts";
import { startDeadline } from "./deadline.ts";
import { openFormats } from "./formats/extra-format.ts";
import { countUsers } from "./graph/count.ts";
import { Graph } from "./graph/graph.ts";
import { userPages } from "./graph/pages.ts";
import { adminConsentUrl } from "./graph/permission.ts";
import { planListing } from "./graph/plan-listing.ts";
import { slicedPages } from "./graph/sliced-pages.ts";
import { userQuery } from "./graph/user-query.ts";
import type { Patience } from "./http/exchange.ts";
import { openAzureIdentity } from "./identity/azure-identity.ts";
import { resolveTenantId } from "./identity/tenant-id.ts";
import { openTokenSource } from "./identity/token.ts";
import { openVault } from "./identity/vault.ts";
import type { ProgressListener } from "./progress.ts";
import type { Settings } from "./settings.ts";
import { collectUsers } from "./snapshot/collect.ts";
import { commitSnapshot, readLatest } from "./snapshot/commit.ts";
import { knownStarts, listingEntries } from "./snapshot/cuts.ts";
import { lockPath } from "./snapshot/layout.ts";
import { credentialEntry, MANIFEST_SCHEMA, type Manifest } from "./snapshot/manifest.ts";
import { openRunFolder } from "./snapshot/open-run-folder.ts";
import { SnapshotWriter } from "./snapshot/snapshot-writer.ts";
import { openContainer } from "./storage/container.ts";
import { takeLock } from "./storage/lock.ts";
import { VERSION } from "./version.ts";

/** What a run takes besides its settings; everything has a default that is right in production. */
export interface RunOptions {
  /** Ends the run; its reason is what the run then throws. */
  readonly signal?: AbortSignal;
  /** Opens Key Vault and Storage; managed identity in Azure, `az login` on a laptop. */
  readonly identity?: TokenCredential;
  readonly clock?: Clock;
  /** How long a service may keep silent. */
  readonly patience?: Patience;
  /** Compressed bytes from which on a part is closed. */
  readonly maxPartBytes?: number;
  /** Lets a list through, this once, that is much smaller than the last snapshot's. */
  readonly acceptShrink?: boolean;
  readonly onProgress?: ProgressListener;
}

/**
 * Takes one snapshot: whole and committed, or not there.
 *
 * @returns the manifest as committed
 * @throws {RollcallError} for everything an operator can act on; nothing is published then
 */
export async function takeSnapshot(settings: Settings, options: RunOptions = {}): Promise<Manifest> {
  const { clock = systemClock, identity = openAzureIdentity(), patience, maxPartBytes } = options;
  const report = options.onProgress ?? (() => undefined);
  using deadline = startDeadline(settings.timeBudgetMs, options.signal ?? new AbortController().signal);
  const context = { clock, signal: deadline.signal, deadlineMs: clock.now() + settings.timeBudgetMs };

  report({ phase: "lock" });
  const tenantId = await resolveTenantId(settings.tenant, settings.cloud.authorityHost, context);
  const storage = openContainer(settings.storage, settings.container, identity, context.signal);
  await storage.prepare();
  await using lock = await takeLock(storage, { path: lockPath(tenantId), ...context });
  const run = { ...context, signal: AbortSignal.any([context.signal, lock.signal]) };
  const container = storage.withSignal(run.signal);
  const { folder, startedAt } = await openRunFolder(container, tenantId, run);
  await lock.nameHolder(folder.runId);
  const previous = await readLatest(container, tenantId);

  report({ phase: "credential" });
  const vault = openVault(settings.vaultUrl, settings.credential, identity, run);
  await using tokens = openTokenSource(settings, { ...run, tenantId, vault, ...(patience && { patience }) });
  await tokens.get();

  await using graph = new Graph({
    ...run,
    graphUrl: settings.cloud.graphUrl,
    tokens,
    concurrency: settings.concurrency,
    ...(patience && { patience }),
  });
  const consentUrl = adminConsentUrl(settings.cloud.authorityHost, tenantId, settings.clientId);
  const query = userQuery(graph.root, settings.properties, consentUrl);
  report({ phase: "count" });
  const counted = await countUsers(graph, query);
  const { slices, fellBack } = await planListing(graph, query, {
    mode: settings.listing,
    counted,
    starts: await knownStarts(container, previous),
    nowMs: clock.now(),
  });
  let slicesDone = 0;
  const formats = await openFormats(settings.formats, settings.properties);
  await using collected = await collectUsers({
    listSliced: slices && (() => slicedPages(graph, query, slices, (done) => (slicesDone = done))),
    list: () => userPages(graph, query),
    openParts: () => new SnapshotWriter(container, folder, formats, maxPartBytes),
    counted,
    guard: {
      previousUsers: previous?.users,
      maxShrinkPercent: settings.maxShrinkPercent,
      acceptShrink: options.acceptShrink ?? false,
    },
    onPage: (users) =>
      report({
        phase: "list",
        users,
        counted,
        slicesDone,
        slices: slices?.length ?? 0,
        retries: graph.stats.retries,
      }),
  });

  report({ phase: "changes" });
  const snapshot = { folder, properties: settings.properties, parts: collected.parts };
  const changes = settings.changes
    ? await changesSinceLatest(container, previous, snapshot, { ...run, maxPartBytes })
    : { changes: null, changesSkipped: "turned off by ROLLCALL_CHANGES" };

  report({ phase: "commit" });
  const manifest: Manifest = {
    schema: MANIFEST_SCHEMA,
    tenantId,
    runId: folder.runId,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(clock.now()).toISOString(),
    source: {
      url: `${graph.root}/users`,
      properties: settings.properties,
      pages: collected.pages,
      ...graph.stats,
      ...listingEntries(collected, slices?.length ?? 0, fellBack),
    },
    completeness: collected.completeness,
    guard: collected.guard,
    credential: credentialEntry(tokens.credential()),
    parts: collected.parts,
    ...(collected.formats && { formats: collected.formats }),
    ...changes,
    previous: previous ? { runId: previous.runId, users: previous.users } : null,
    warnings: tokens.warnings(),
    tool: { name: "rollcall", version: VERSION },
  };
  collected.keep();
  await commitSnapshot(container, folder, manifest);
  return manifest;
}
