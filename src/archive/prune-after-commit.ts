import { MINUTE, SECOND } from "../clock.ts";
import type { RunContext } from "../deadline.ts";
import { asRollcallError } from "../error.ts";
import type { KeepRules } from "../settings/keep-rules.ts";
import type { Run } from "../snapshot/run.ts";
import { warning } from "../warning.ts";
import { planPrune, prune } from "./prune.ts";

/** The most time that a run spends on it: what is not done by then waits for the next night. */
const PRUNE_WITHIN_MS = 5 * MINUTE;
/** What is left of the run's time to end in. */
const RESERVE_MS = 10 * SECOND;

/** What a prune at the end of a run did. */
export interface Retention {
  /** Snapshots that were pruned; `null` without rules, and if a warning says that it was not finished. */
  readonly pruned: number | null;
  /** For the summary line: the manifest is written already. */
  readonly warnings: readonly string[];
}

/**
 * Prunes by the rules once a run has committed, under the run's lock and within its time. Never throws: the snapshot is
 * published whatever comes of this, and the next run makes up for a failure.
 *
 * @param keep absent: nothing is pruned
 */
export async function pruneAfterCommit(
  { container, folder, clock, deadlineMs }: Pick<Run, "container" | "folder"> & Omit<RunContext, "signal">,
  keep: KeepRules | undefined,
): Promise<Retention> {
  if (!keep) return { pruned: null, warnings: [] };
  const withinMs = Math.min(PRUNE_WITHIN_MS, deadlineMs - clock.elapsed() - RESERVE_MS);
  if (withinMs <= 0) return failed("the run had no time left for it");
  const timeout = AbortSignal.timeout(withinMs);
  const timed = container.withSignal(AbortSignal.any([container.signal, timeout]));
  try {
    const plan = await planPrune(timed, folder.tenantId, keep, clock.now());
    const { snapshots, refused } = await prune(timed, plan);
    const [first, ...others] = refused;
    if (!first) return { pruned: snapshots, warnings: [] };
    const more = others.length > 0 ? `; ${others.length} more likewise` : "";
    return { pruned: snapshots, warnings: [notFinished(`${first.doing}: ${first.problem}${more}`)] };
  } catch (error) {
    if (error === timeout.reason) return failed(`it was not done within ${Math.round(withinMs / SECOND)} s`);
    const { doing, problem, code } = asRollcallError(error, "pruning");
    return failed(`${doing}: ${problem} (${code})`);
  }
}

function failed(why: string): Retention {
  return { pruned: null, warnings: [notFinished(why)] };
}

/** @param why a clause without a full stop */
function notFinished(why: string): string {
  return warning("prune-failed", `old snapshots were not all deleted: ${why}`);
}
