import { GUID_LENGTH, GUID_WORDS, readGuid } from "./guid.ts";
import { textOfString } from "./json-scan.ts";

const QUOTE = 0x22;
const QUOTED_GUID = GUID_LENGTH + 2;

/** Whether a value is the id of a directory object: any GUID but the nil one. */
export function isObjectId(value: unknown): value is string {
  if (typeof value !== "string" || value.length !== GUID_LENGTH) return false;
  return readText(value, new Uint32Array(GUID_WORDS), 0);
}

/**
 * Reads the id of a directory object out of JSON, with escapes or without.
 *
 * @param bytes hold a value from `start` on and before `end`; an `end` of 0: there is none
 * @param into receives four words from `at` on, as {@link readGuid} has them
 * @returns whether it is a string with a GUID in it, and not the nil one
 */
export function readObjectId(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint32Array,
  at: number,
): boolean {
  if (end === 0 || bytes[start] !== QUOTE) return false;
  if (end - start === QUOTED_GUID) return readGuid(bytes, start + 1, into, at);
  // An id of escapes only is six times as long; what is longer is none, and is not made a string of.
  if (end - start > 2 + 6 * GUID_LENGTH) return false;
  return readText(textOfString(bytes, start, end), into, at);
}

function readText(text: string, into: Uint32Array, at: number): boolean {
  const bytes = Buffer.from(text);
  return bytes.length === GUID_LENGTH && readGuid(bytes, 0, into, at);
}
