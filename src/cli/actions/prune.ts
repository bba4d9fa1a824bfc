import type { Command } from "commander";
import { prune as deleteUnkept, type PlannedFolder, type Pruned, planPrune } from "../../archive/prune.ts";
import { systemClock } from "../../clock.ts";
import { RollcallError } from "../../error.ts";
import type { KeepRules } from "../../settings/keep-rules.ts";
import { readKeep } from "../../settings/settings.ts";
import { lockPath } from "../../snapshot/layout.ts";
import { PRUNE, takeLock } from "../../storage/lock.ts";
import { formatBytes, plural } from "../../words/format.ts";
import { environmentOf } from "../environment.ts";
import { isNoContainer, openTenantPlace, type TenantPlace } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import { type Column, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

const COLUMNS: readonly Column[] = [
  { title: "run" },
  { title: "what" },
  { title: "size", align: "right" },
  { title: "kept by" },
];

const KINDS = { snapshot: "snapshot", failed: "failed run", pruned: "rest of a pruned one" } as const;

/** Younger snapshots are chained to those that go. */
const MANIFESTS_STAY = [
  "Of a snapshot that goes, the manifest stays as manifest.pruned.json, and its",
  "signature: younger ones are chained to it (rollcall verify --chain).",
];

/** Options of `rollcall prune`. */
export interface PruneOptions {
  readonly keepLast?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Deletes what rules let go, or shows what they would. */
export async function prune(terminal: Terminal, options: PruneOptions, command: Command): Promise<void> {
  const rules = rulesOf(options) ?? readKeep(environmentOf(terminal));
  if (!rules) command.error("name a rule, such as --keep-daily 30, or set ROLLCALL_KEEP");
  const { plan, pruned, place } = await carryOut(terminal, rules, options);
  if (options.json) await terminal.printJson(asJson(plan, pruned));
  else await terminal.print(...describe(place, plan, pruned));
  if (pruned && pruned.refused.length > 0) throw notLetGo(pruned.refused);
}

function rulesOf({
  keepLast,
  keepDaily,
  keepWeekly,
  keepMonthly,
  keepYearly,
}: PruneOptions): KeepRules | undefined {
  const rules = {
    last: keepLast,
    daily: keepDaily,
    weekly: keepWeekly,
    monthly: keepMonthly,
    yearly: keepYearly,
  };
  const given = Object.entries(rules).filter(([, count]) => count !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

/** Plans and, if it is to delete, deletes under the lock. A container that does not exist yet holds nothing. */
async function carryOut(
  terminal: Terminal,
  rules: KeepRules,
  { yes, json }: PruneOptions,
): Promise<{
  readonly place: TenantPlace;
  readonly plan: readonly PlannedFolder[];
  readonly pruned?: Pruned;
}> {
  using progress = new ReadingProgress(terminal, json);
  let isDeleting = false;
  const onRead = (bytes: number) => {
    if (!isDeleting) progress.count(bytes);
  };
  const place = await openTenantPlace(terminal, onRead);
  const { container, tenantId } = place;
  const { signal } = terminal.io;
  try {
    // A laptop's clock may be a day ahead, and a folder that was written an hour ago would seem old.
    const nowMs = (await container.time()).getTime();
    if (!yes) return { place, plan: await planPrune(container, tenantId, rules, nowMs) };
    await using lock = await takeLock(container, { path: lockPath(tenantId), clock: systemClock, signal });
    await lock.nameHolder(PRUNE);
    const locked = container.withSignal(lock.signal);
    const plan = await planPrune(locked, tenantId, rules, nowMs);
    isDeleting = true;
    progress.expect("Deleting", bytesOf(plan.filter(isDoomed)));
    return { place, plan, pruned: await deleteUnkept(locked, plan, progress.count) };
  } catch (error) {
    if (isNoContainer(error)) return { place, plan: [] };
    throw error instanceof RollcallError && error.code === "lock-lost" ? stolen(error) : error;
  }
}

/** A run that loses its lock has published nothing; what a prune has deleted is gone. */
function stolen({ doing, problem, answer }: RollcallError): RollcallError {
  return new RollcallError("lock-lost", {
    doing,
    problem: problem.replace("this run", "this prune"),
    answer,
    remedy:
      "What was deleted until then is gone, and each snapshot is whole or counts as pruned. Prune again to go on.",
  });
}

function isDoomed({ keptBy }: PlannedFolder): boolean {
  return keptBy.length === 0;
}

function bytesOf(folders: readonly PlannedFolder[]): number {
  return folders.reduce((sum, { bytes }) => sum + bytes, 0);
}

function describe(
  { tenantId, containerName }: TenantPlace,
  plan: readonly PlannedFolder[],
  pruned: Pruned | undefined,
): readonly string[] {
  if (plan.length === 0) return [`There is nothing of tenant ${tenantId} in container ${containerName}.`];
  const rows = plan.map(({ folder, kind, bytes, keptBy }) => [
    folder.runId,
    KINDS[kind],
    formatBytes(bytes),
    keptBy.length === 0 ? (pruned ? "nothing" : "nothing: to be deleted") : keptBy.join(", "),
  ]);
  const hasUnkept = plan.some((planned) => isDoomed(planned) && planned.kind !== "failed");
  return [
    ...formatTable(COLUMNS, rows),
    ...(hasUnkept ? MANIFESTS_STAY : []),
    pruned ? whatWasDone(pruned) : whatWouldBeDone(plan),
  ];
}

function whatWouldBeDone(plan: readonly PlannedFolder[]): string {
  const doomed = plan.filter(isDoomed);
  if (doomed.length === 0) return "There is nothing to delete.";
  const failed = doomed.filter(({ kind }) => kind === "failed").length;
  return `Nothing was deleted. With --yes: ${amounts(doomed.length - failed, failed, bytesOf(doomed))}.`;
}

function whatWasDone({ snapshots, failed, bytes }: Pruned): string {
  return `Deleted: ${amounts(snapshots, failed, bytes)}.`;
}

function amounts(snapshots: number, failed: number, bytes: number): string {
  const folders = failed === 0 ? "" : ` and ${plural(failed, "failed run")}`;
  return `${plural(snapshots, "snapshot")}${folders}, ${formatBytes(bytes)}`;
}

function asJson(plan: readonly PlannedFolder[], pruned: Pruned | undefined): unknown {
  const folders = plan.map(({ folder, kind, bytes, keptBy }) => ({
    runId: folder.runId,
    kind,
    bytes,
    keptBy,
  }));
  return { folders, deleted: pruned ?? null };
}

/** The error for what the storage did not let go. */
function notLetGo(refused: readonly RollcallError[]): RollcallError {
  const [first, ...others] = refused;
  const more = others.length > 0 ? `; ${plural(others.length, "more run")} likewise` : "";
  return new RollcallError("storage-refused", {
    doing: first?.doing ?? "pruning",
    problem: `${first?.problem}${more}`,
    answer: first?.answer,
    remedy: first?.remedy ?? "",
  });
}
