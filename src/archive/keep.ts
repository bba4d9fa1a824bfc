import { DAY } from "../clock.ts";
import { KEEP_UNITS, type KeepRules, type KeepUnit } from "../settings/keep-rules.ts";
import { runTimeMs } from "../snapshot/layout.ts";

/** In which day, ISO week, month or year a run lies, as a text that runs of the same one share. */
const SPAN: Readonly<Record<KeepUnit, (runId: string) => string>> = {
  last: (runId) => runId,
  daily: (runId) => runId.slice(0, 8),
  weekly: mondayOf,
  monthly: (runId) => runId.slice(0, 6),
  yearly: (runId) => runId.slice(0, 4),
};

/**
 * Applies rules to runs, as restic does: each keeps the newest run of the newest so many spans that have one, and a run is
 * kept if any rule keeps it. The present plays no part.
 *
 * A rule never wants back what it has let go of: a run that it keeps among all runs, it has kept ever since that run was
 * the newest.
 *
 * @param runs ids of possible times, newest first
 * @returns the kept runs, each with what keeps it
 */
export function keptBy(runs: readonly string[], rules: KeepRules): ReadonlyMap<string, readonly KeepUnit[]> {
  const kept = new Map<string, KeepUnit[]>();
  for (const unit of KEEP_UNITS) {
    const newest = new Map<string, string>();
    for (const runId of runs) {
      const span = SPAN[unit](runId);
      if (!newest.has(span)) newest.set(span, runId);
    }
    for (const runId of [...newest.values()].slice(0, rules[unit] ?? 0)) {
      kept.set(runId, [...(kept.get(runId) ?? []), unit]);
    }
  }
  return kept;
}

/** The Monday with which a run's ISO week begins. */
function mondayOf(runId: string): string {
  const timeMs = runTimeMs(runId);
  const daysSinceMonday = (new Date(timeMs).getUTCDay() + 6) % 7;
  return new Date(timeMs - daysSinceMonday * DAY).toISOString().slice(0, 10);
}
