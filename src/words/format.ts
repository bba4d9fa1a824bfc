import { DAY, HOUR, MINUTE, SECOND } from "../clock.ts";

/** `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 user`, `12,345 users`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

/** `512 B`, `1.2 MB`; in decimal units, as storage is sold. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  // From 999.95 on, the smaller unit would read 1000.0.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `2026-11-22 02:00`; the heading names the time zone. */
export function formatMinute(iso: string): string {
  return new Date(iso).toISOString().slice(0, 16).replace("T", " ");
}

/** `2026-11-22 02:00 UTC`. */
export function formatTime(iso: string): string {
  return `${formatMinute(iso)} UTC`;
}

/** `0.8 s`, `3 min 12 s`. */
export function formatDuration(ms: number): string {
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `in 42 days`, `within a day`, `3 days ago`. */
export function formatDaysFrom(nowMs: number, iso: string): string {
  const days = Math.floor((Date.parse(iso) - nowMs) / DAY);
  if (days === 0) return "within a day";
  return days > 0 ? `in ${plural(days, "day")}` : `${plural(-days, "day")} ago`;
}

/** `26.0 h`, `15 min`, `30 s`. */
export function formatAge(ageMs: number): string {
  if (ageMs < MINUTE) return `${Math.floor(ageMs / SECOND)} s`;
  if (ageMs < HOUR) return `${Math.floor(ageMs / MINUTE)} min`;
  return `${(ageMs / HOUR).toFixed(1)} h`;
}
