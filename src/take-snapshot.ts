import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";
import { type ChangesOutcome, changesSinceLatest } from "./changes/changes-since-latest.ts";
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
import { resolveTenantId } from "./identity/tenant-id.ts";
import { openTokenSource } from "./identity/token.ts";
import { openVault } from "./identity/vault.ts";
import type { ProgressListener } from "./progress.ts";
import type { Settings } from "./settings.ts";
import { collectUsers } from "./snapshot/collect.ts";
import { commitSnapshot } from "./snapshot/commit.ts";
import { knownStarts, listingEntries } from "./snapshot/cuts.ts";
import { lockPath } from "./snapshot/layout.ts";
import { credentialEntry, MANIFEST_SCHEMA, type Manifest } from "./snapshot/manifest.ts";
import { openRunFolder } from "./snapshot/open-run-folder.ts";
import { FIRST_RUN, findPredecessor } from "./snapshot/predecessor.ts";
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
  readonly patience?: Patience;
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
  const { clock = systemClock, identity = new DefaultAzureCredential(), patience, maxPartBytes } = options;
  const report = options.onProgress ?? (() => undefined);
  using deadline = startDeadline(settings.timeBudgetMs, options.signal ?? new AbortController().signal);
  const context = { clock, signal: deadline.signal, deadlineMs: clock.now() + settings.timeBudgetMs };

  report({ phase: "lock" });
  const tenantId = await resolveTenantId(settings.tenant, settings.cloud.authorityHost, context);
  const storage = openContainer(settings.storage, settings.container, identity, context.signal);
  await storage.prepare((time) => checkClock(time, clock));
  await using lock = await takeLock(storage, { path: lockPath(tenantId), ...context });
  const run = { ...context, signal: AbortSignal.any([context.signal, lock.signal]) };
  const container = storage.withSignal(run.signal);
  const { folder, startedAt } = await openRunFolder(container, tenantId, run);
  await lock.nameHolder(folder.runId);
  const previous = await findPredecessor(container, tenantId, clock.now());

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
    starts: knownStarts(previous.manifest),
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
      previousUsers: previous.users,
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
  const changes = await changesOrReason();
  const isReasonExpected = !settings.changes || changes.changesSkipped === FIRST_RUN;

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
    previous: previous.manifest
      ? { runId: previous.manifest.runId, users: previous.manifest.completeness.unique }
      : null,
    warnings: [
      ...tokens.warnings(),
      ...previous.warnings,
      ...(changes.changesSkipped === null || isReasonExpected
        ? []
        : [warning("changes-skipped", changes.changesSkipped)]),
    ],
    tool: { name: "rollcall", version: VERSION },
  };
  collected.keep();
  const later = await commitSnapshot(container, folder, manifest);
  return { manifest, warnings: [...manifest.warnings, ...later] };

  async function changesOrReason(): Promise<ChangesOutcome> {
    if (!settings.changes) return { changes: null, changesSkipped: "turned off by ROLLCALL_CHANGES" };
    if (!previous.manifest) return { changes: null, changesSkipped: previous.whyNone };
    return changesSinceLatest(container, previous.manifest, snapshot, { ...run, maxPartBytes });
  }
}
