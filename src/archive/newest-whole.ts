import type { Container } from "../storage/container.ts";
import { SnapshotDamaged } from "../storage/snapshot-damaged.ts";
import { isMisdated, newestRuns, openWholeRun, type StoredRun, type WholeRun } from "./stored-runs.ts";

/** Most runs that are opened to find a whole one: a month of nights. */
export const MAX_RUNS = 30;

/** A run that is not whole. */
export interface Damage {
  readonly run: StoredRun;
  /** A clause without a full stop. */
  readonly problem: string;
}

/** The newest whole run, and what was passed over on the way to it. */
export interface NewestWhole {
  /** `undefined` if none of those that were opened is whole. */
  readonly whole: WholeRun | undefined;
  /** Runs that are dated later than they were written, newest first. */
  readonly misdated: readonly StoredRun[];
  /** Newest first, at most {@link MAX_RUNS}. */
  readonly damages: readonly Damage[];
}

/**
 * Finds the newest whole run by listing, whatever `latest.json` says. Damaged runs are passed over, at most 30 of them, and
 * so are runs that are dated later than they were written.
 *
 * @param nowMs the present, as for {@link newestRuns}
 * @throws {RollcallError} `manifest-unsupported` if a later Rollcall wrote the newest run, and the storage's errors
 */
export async function newestWhole(
  container: Container,
  tenantId: string,
  nowMs: number,
): Promise<NewestWhole> {
  const misdated: StoredRun[] = [];
  const damages: Damage[] = [];
  for await (const run of newestRuns(container, tenantId, nowMs)) {
    if (isMisdated(run)) {
      misdated.push(run);
      continue;
    }
    const opened = await openOrDamage(container, run);
    if (!("problem" in opened)) return { whole: opened, misdated, damages };
    damages.push(opened);
    if (damages.length === MAX_RUNS) break;
  }
  return { whole: undefined, misdated, damages };
}

/**
 * A run, if it is whole; else what is wrong with it.
 *
 * @throws {RollcallError} `manifest-unsupported`, and the storage's errors
 */
export async function openOrDamage(container: Container, run: StoredRun): Promise<WholeRun | Damage> {
  try {
    return await openWholeRun(container, run);
  } catch (error) {
    if (!(error instanceof SnapshotDamaged)) throw error;
    return { run, problem: `${error.doing}: ${error.problem}` };
  }
}
