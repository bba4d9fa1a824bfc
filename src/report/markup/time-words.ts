import { runTimeMs } from "../../snapshot/layout.ts";

const day = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** `22 November 2026`. */
export function dayInWords(iso: string): string {
  return day.format(new Date(iso));
}

/** `22 November 2026, 02:00 UTC`. */
export function minuteInWords(iso: string): string {
  return `${dayInWords(iso)}, ${iso.slice(11, 16)} UTC`;
}

/**
 * Labels of runs on an axis: `22 Nov`, or `02:00` when all are of one day.
 *
 * @param runIds as `20261122T020000Z`
 */
export function runLabels(runIds: readonly string[]): readonly string[] {
  const isOneDay = runIds.length > 1 && new Set(runIds.map((runId) => runId.slice(0, 8))).size === 1;
  return runIds.map((runId) => {
    if (isOneDay) return `${runId.slice(9, 11)}:${runId.slice(11, 13)}`;
    const timeMs = runTimeMs(runId);
    // Anybody who may write there can make a folder for 99 February.
    return Number.isNaN(timeMs) ? "?" : shortDay.format(timeMs);
  });
}
