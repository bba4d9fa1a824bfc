import { CLOCK_TOLERANCE_MS, type Clock, MINUTE, SECOND } from "../clock.ts";
import { RollcallError } from "../error.ts";

/**
 * Checks the machine's clock against the storage service's.
 *
 * @param serviceTime from the `date` header of a response that has just arrived
 * @throws {RollcallError} `clock-wrong` if they are more than five minutes apart
 */
export function checkClock(serviceTime: Date, clock: Clock): void {
  const aheadMs = clock.now() - serviceTime.getTime();
  // The header is in whole seconds.
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS + SECOND) return;
  const minutes = Math.round(Math.abs(aheadMs) / MINUTE);
  throw new RollcallError("clock-wrong", {
    doing: "comparing this machine's clock with the storage account's",
    problem: `it is ${minutes} minutes ${aheadMs < 0 ? "behind" : "ahead"}`,
    remedy:
      "Nothing was published: a run is named after its time, and a wrong name could make it look like the newest. " +
      "Have this machine synchronise its clock by NTP, and run again.",
  });
}
