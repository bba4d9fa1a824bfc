import { CLOCK_TOLERANCE_MS, HOUR, MINUTE } from "../clock.ts";
import { RollcallError } from "../error.ts";
import type { Manifest } from "../snapshot/manifest.ts";

/** A snapshot of last night is this young: a day, and two hours for a night that starts late or takes long. */
export const YOUNG_MS: number = 26 * HOUR;

/**
 * How long ago a snapshot was finished, in milliseconds; never negative.
 *
 * @param nowMs the present, by this machine's clock
 * @throws {RollcallError} `clock-wrong` if it was finished in the future: it would count as fresh until then
 */
export function snapshotAgeMs(
  { runId, finishedAt }: Pick<Manifest, "runId" | "finishedAt">,
  nowMs: number,
): number {
  const ageMs = nowMs - Date.parse(finishedAt);
  if (ageMs < -CLOCK_TOLERANCE_MS) throw fromTheFuture(runId, -ageMs);
  return Math.max(0, ageMs);
}

function fromTheFuture(runId: string, aheadMs: number): RollcallError {
  return new RollcallError("clock-wrong", {
    doing: `asking how old run ${runId} is`,
    problem: `it was finished ${Math.round(aheadMs / MINUTE)} minutes from now, by this machine's clock`,
    remedy:
      "Have this machine synchronise its clock by NTP, and ask again. If it is right, the clock of the machine that took " +
      "the snapshot was wrong, or the snapshot was copied here from elsewhere.",
  });
}
