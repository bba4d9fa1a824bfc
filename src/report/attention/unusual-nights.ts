import type { RunManifest } from "../../archive/snapshots.ts";
import { CHANGE_KINDS, type ChangeKind } from "../../changes/change-kind.ts";
import { DAY, HOUR } from "../../clock.ts";
import { runTimeMs } from "../../snapshot/layout.ts";

/** Runs that a night is compared with reach back this far. */
export const USUAL_DAYS = 28;
/** With fewer other runs, nobody knows what is usual. */
export const MIN_OTHERS = 5;
/** Runs of these last days are looked at: a page is read once a week, too. */
const RECENT_DAYS = 7;

/** A run with more changes than the others of these weeks explain. */
export interface UnusualNight {
  readonly runId: string;
  readonly kind: ChangeKind;
  readonly count: number;
  /** The run that it was compared with, where that is further back than usual; else absent. */
  readonly since: string | undefined;
  /** What another night reaches at most, but for one. */
  readonly usual: number;
}

/** How runs compare with the others of the last weeks. */
export interface Usualness {
  readonly unusual: readonly UnusualNight[];
  /** Runs that the newest was compared with: too few to say anything where they are less than {@link MIN_OTHERS}. */
  readonly others: number;
}

/**
 * Finds the runs of the last week in which more users joined, left or changed than the other runs explain. A count is
 * explained when it is at most half more than the second highest of the others, and 5 more if that is higher: so Mondays
 * explain Mondays, and one mass import does not hide the next. A run after nights without one may have as many changes
 * as these nights together. A night is as long as is usual between two runs, but no less than an hour.
 *
 * @param runs of {@link USUAL_DAYS}, newest first
 */
export function findUnusualNights(runs: readonly RunManifest[]): Usualness {
  const nights = nightsOf(runs);
  const [newest] = runs;
  const fromMs = newest ? runTimeMs(newest.runId) - RECENT_DAYS * DAY : 0;
  const unusual = nights
    .filter(({ runId }) => runTimeMs(runId) > fromMs)
    .flatMap((night) => {
      const others = nights.filter((other) => other !== night);
      if (others.length < MIN_OTHERS) return [];
      return CHANGE_KINDS.flatMap((kind) => {
        const usual = secondHighest(others.map((other) => other.counts[kind] / other.length));
        const count = night.counts[kind];
        if (count / night.length <= usual + Math.max(5, usual / 2)) return [];
        const since = night.length > 1 ? night.against : undefined;
        return [{ runId: night.runId, kind, count, since, usual: Math.ceil(usual) }];
      });
    });
  return { unusual, others: nights.filter(({ runId }) => runId !== newest?.runId).length };
}

interface Night {
  readonly runId: string;
  readonly against: string;
  readonly counts: Readonly<Record<ChangeKind, number>>;
  /** In usual nights, at least one. */
  readonly length: number;
}

function nightsOf(runs: readonly RunManifest[]): readonly Night[] {
  const compared = runs.flatMap(({ runId, manifest: { changes } }) => {
    if (!changes) return [];
    const lengthMs = runTimeMs(runId) - runTimeMs(changes.against);
    return lengthMs > 0 ? [{ runId, against: changes.against, counts: changes, lengthMs }] : [];
  });
  // Runs by hand, minutes apart, are no measure.
  const usualMs = Math.max(HOUR, median(compared.map(({ lengthMs }) => lengthMs)));
  return compared.map(({ lengthMs, ...night }) => ({
    ...night,
    length: Math.max(1, Math.round(lengthMs / usualMs)),
  }));
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

function secondHighest(counts: readonly number[]): number {
  return counts.toSorted((one, other) => other - one)[1] ?? 0;
}
