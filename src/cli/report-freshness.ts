import type { Freshness, Snapshots } from "../archive/snapshots.ts";
import { SECOND, systemClock } from "../clock.ts";
import { formatAge } from "../words/format.ts";
import { failedLastRun } from "../words/last-run-words.ts";
import { isNoContainer, openReadingPlace } from "./reading.ts";
import type { Terminal } from "./terminal.ts";
import { hang } from "./wrap.ts";

/** Says whether the newest whole snapshot is young enough. The exit code is 1 if it is not. */
export async function reportFreshness(terminal: Terminal, withinMs: number, json: boolean): Promise<void> {
  const { snapshots, containerName } = await openReadingPlace(terminal);
  const { newest, notes: found } = await freshnessOf(snapshots);
  const fresh = newest !== undefined && newest.ageMs <= withinMs;
  const failed = failedLastRun(await snapshots.lastRun(), newest?.runId);
  const notes = failed === undefined ? found : [...found, `the last run ${failed}`];
  if (!fresh) terminal.exitCode = 1;
  if (json) {
    const { runId = null, finishedAt = null, ageMs } = newest ?? {};
    const ageSeconds = ageMs === undefined ? null : Math.round(ageMs / SECOND);
    return terminal.printJson({ runId, finishedAt, ageSeconds, fresh, notes });
  }
  const none = `no snapshot of tenant ${snapshots.tenantId} in container ${containerName} is whole`;
  const age = newest ? `the latest snapshot, ${newest.runId}, is ${formatAge(newest.ageMs)} old` : none;
  const older = newest && !fresh ? `, older than ${formatAge(withinMs)}` : "";
  const where = fresh || notes.length > 0 ? "" : "; the log says why";
  const verdict = `${fresh ? "✓ fresh" : "✗ stale"}: ${age}${older}${where}`;
  const lines = [verdict, ...notes.flatMap((note) => hang("    ", note))];
  await (fresh ? terminal.confirm(...lines) : terminal.print(...lines));
}

/** A container that does not exist yet holds no snapshot. */
async function freshnessOf(snapshots: Snapshots): Promise<Freshness> {
  try {
    return await snapshots.freshness(systemClock.now());
  } catch (error) {
    if (isNoContainer(error)) return { notes: ["there is no such container"] };
    throw error;
  }
}
