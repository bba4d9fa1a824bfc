import { CLOCK_TOLERANCE_MS, type Clock, MINUTE, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";

/**
 * Holds the machine's clock against the storage service's.
 *
 * @param serviceTime from the `date` header of an answer that has just come
 * @throws {RollcallError} `clock-wrong` when they are more than five minutes apart
 */
export function checkClock(serviceTime: Date, clock: Clock): void {
  const aheadMs = clock.now() - serviceTime.getTime();
  // The header has whole seconds.
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS + SECOND) return;
  const minutes = Math.round(Math.abs(aheadMs) / MINUTE);
  throw new RollcallError("clock-wrong", {
    doing: "comparing this machine's clock with the storage account's",
    problem: `it is ${minutes} minutes ${aheadMs < 0 ? "behind" : "ahead"}`,
    remedy:
      "Nothing was published: runs are named by the time, and one with a wrong name would be taken for the newest. " +
      "Let this machine keep its time by NTP, and run again.",
  });
}
