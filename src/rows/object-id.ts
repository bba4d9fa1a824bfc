import { GUID_LENGTH, readGuid } from "./guid.ts";
import { textOfString } from "./json-scan.ts";

const QUOTE = 0x22;
const QUOTED_GUID = GUID_LENGTH + 2;

/**
 * Reads the id of a directory object from JSON, with or without escapes.
 *
 * @param bytes hold a value from `start` to just before `end`; an `end` of 0 means that there is none
 * @param into receives four words, starting at `at`, as from {@link readGuid}
 * @returns whether the value is a string with a GUID that is not the nil GUID
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
  // An id in which every character is escaped is six times as long. Anything longer is not worth decoding.
  if (end - start > 2 + 6 * GUID_LENGTH) return false;
  return readText(textOfString(bytes, start, end), into, at);
}

function readText(text: string, into: Uint32Array, at: number): boolean {
  const bytes = Buffer.from(text);
  return bytes.length === GUID_LENGTH && readGuid(bytes, 0, into, at);
}
