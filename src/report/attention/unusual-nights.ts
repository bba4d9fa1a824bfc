import type { RunManifest } from "../../archive/snapshots.ts";
import { CHANGE_KINDS, type ChangeKind } from "../../changes/change-kind.ts";
import { DAY } from "../../clock.ts";
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
  /** Nights between the run and the one before, at least one. */
  readonly nights: number;
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
 * as these nights together.
 *
 * @param runs of {@link USUAL_DAYS}, newest first
 */
export function findUnusualNights(runs: readonly RunManifest[]): Usualness {
  const nights = runs.flatMap(nightOf);
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
        return [{ runId: night.runId, kind, count, nights: night.length, usual: Math.ceil(usual) }];
      });
    });
  return { unusual, others: nights.filter(({ runId }) => runId !== newest?.runId).length };
}

interface Night {
  readonly runId: string;
  readonly counts: Readonly<Record<ChangeKind, number>>;
  /** In nights. */
  readonly length: number;
}

function nightOf({ runId, manifest: { changes } }: RunManifest): readonly Night[] {
  if (!changes) return [];
  const length = Math.max(1, Math.round((runTimeMs(runId) - runTimeMs(changes.against)) / DAY));
  return [{ runId, counts: changes, length }];
}

function secondHighest(counts: readonly number[]): number {
  return counts.toSorted((one, other) => other - one)[1] ?? 0;
}
