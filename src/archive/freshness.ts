import { latestPath } from "../snapshot/layout.ts";
import type { Container } from "../storage/container.ts";
import { readLatest } from "./latest.ts";
import { type NewestWhole, newestWhole } from "./newest-whole.ts";
import { snapshotAgeMs } from "./snapshot-age.ts";
import { isUnreadable } from "./unreadable.ts";

/** How old the newest whole snapshot is. */
export interface Freshness {
  /** Absent: no snapshot is whole, or there is none. */
  readonly newest?: {
    readonly runId: string;
    /** ISO 8601, UTC. */
    readonly finishedAt: string;
    /** Since it was finished, in milliseconds; never negative. */
    readonly ageMs: number;
  };
  /** What is not as it should be: newer runs that do not count, a `latest.json` that points elsewhere. Clauses. */
  readonly notes: readonly string[];
}

/**
 * Finds out how old the newest whole snapshot is, with a handful of requests where all is well: a manifest counts if it is sound and
 * its parts have their lengths. `latest.json` decides nothing: a run that was killed before it could move it is whole.
 *
 * @param nowMs the present, by this machine's clock
 * @throws {RollcallError} `clock-wrong` if the snapshot was finished in the future, `manifest-unsupported` if a later
 *   Rollcall wrote it, and the storage's errors, also if there is no such container
 *
 * @internal
 */
export async function freshness(container: Container, tenantId: string, nowMs: number): Promise<Freshness> {
  const found = await newestWhole(container, tenantId, nowMs);
  const newest = found.whole?.manifest;
  const notes = [...passedOver(found), ...(await latestNote(container, tenantId, newest?.runId))];
  if (!newest) return { notes };
  const { runId, finishedAt } = newest;
  return { newest: { runId, finishedAt, ageMs: snapshotAgeMs(newest, nowMs) }, notes };
}

function passedOver({ misdated, damages }: NewestWhole): readonly string[] {
  return [
    ...damages.map(({ run, problem }) => `run ${run.folder.runId} is damaged and does not count: ${problem}`),
    ...misdated.map(
      ({ folder }) => `run ${folder.runId} is dated later than it was written, and does not count`,
    ),
  ];
}

/** What readers who follow `latest.json` get instead of the newest. */
async function latestNote(
  container: Container,
  tenantId: string,
  newest: string | undefined,
): Promise<readonly string[]> {
  try {
    const latest = await readLatest(container, tenantId);
    if (latest?.runId === newest) return [];
    const repaired = "the next run moves it";
    if (!latest) return [`latest.json is missing; ${repaired}`];
    return [`latest.json points at run ${latest.runId}, which is not the newest whole one; ${repaired}`];
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return [`${latestPath(tenantId)} cannot be used: ${error.problem}`];
  }
}
