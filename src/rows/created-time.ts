import { SECOND } from "../clock.ts";

const QUOTE = 0x22;
const HYPHEN = 0x2d;
const DIGIT_0 = 0x30;
const COLON = 0x3a;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
/** Length of `"2026-11-22T02:00:00Z"`, quotes included. */
const QUOTED_TIME = 22;

/**
 * Reads a creation time as Graph writes it, in seconds since the epoch.
 *
 * @param bytes hold the value's JSON from `start` to just before `end`
 * @returns `null` for JSON `null`; `undefined` for anything else but whole seconds in UTC
 */
export function createdSeconds(bytes: Uint8Array, start: number, end: number): number | null | undefined {
  return quickly(bytes, start, end) ?? slowly(bytes, start, end);
}

/** All that Graph sends in practice, without making a string or a date of it; `undefined` for anything unusual. */
function quickly(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start !== QUOTED_TIME || bytes[start] !== QUOTE || bytes[end - 1] !== QUOTE) return undefined;
  if (bytes[start + 5] !== HYPHEN || bytes[start + 8] !== HYPHEN || bytes[start + 11] !== LETTER_T)
    return undefined;
  if (bytes[start + 14] !== COLON || bytes[start + 17] !== COLON || bytes[start + 20] !== LETTER_Z)
    return undefined;
  const year = 100 * twoDigits(bytes, start + 1) + twoDigits(bytes, start + 3);
  const month = twoDigits(bytes, start + 6);
  const day = twoDigits(bytes, start + 9);
  const hour = twoDigits(bytes, start + 12);
  const minute = twoDigits(bytes, start + 15);
  const second = twoDigits(bytes, start + 18);
  // A day that only some months have is left to the runtime. What is no digit made all of this NaN, which fails here.
  const isUsual = year >= 1900 && month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23;
  if (!isUsual || !(minute <= 59 && second <= 59)) return undefined;
  return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

/** By the calendar's rule of 400 years, counted from March so that a leap day ends its year. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - DIGIT_0;
  const ones = (bytes[at + 1] ?? 0) - DIGIT_0;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : Number.NaN;
}

function slowly(bytes: Uint8Array, start: number, end: number): number | null | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  if (text === "null") return null;
  if (text.length !== QUOTED_TIME || !/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"$/.test(text)) return undefined;
  const ms = Date.parse(text.slice(1, -1));
  return Number.isNaN(ms) ? undefined : ms / SECOND;
}
