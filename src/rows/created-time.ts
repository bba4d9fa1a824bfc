import { SECOND } from "../clock.ts";

/** Length of `"2026-11-22T02:00:00Z"`, quotes included. */
const QUOTED_TIME = 22;

/**
 * Reads a creation time as Graph writes it, in seconds since the epoch.
 *
 * @param bytes hold the value's JSON from `start` to just before `end`
 * @returns `null` for JSON `null`; `undefined` for anything else but whole seconds in UTC
 */
export function createdSeconds(bytes: Uint8Array, start: number, end: number): number | null | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  if (text === "null") return null;
  if (text.length !== QUOTED_TIME || !/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$/.test(text)) return undefined;
  const ms = Date.parse(text.slice(1, -1));
  return Number.isNaN(ms) ? undefined : ms / SECOND;
}
