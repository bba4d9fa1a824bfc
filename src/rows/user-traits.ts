import { textOfString } from "./json-scan.ts";

/** What is counted of a user, as bits. */
export const TRAIT = {
  enabled: 1,
  disabled: 2,
  member: 4,
  guest: 8,
  synchronised: 16,
  licensed: 32,
} as const;

const LETTER_F = 0x66;
const LETTER_T = 0x74;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;
const MEMBER = Buffer.from('"Member"');
const GUEST = Buffer.from('"Guest"');
/** The longest of both with every character escaped. */
const MAX_TYPE_BYTES = 2 + 6 * "Member".length;

/** Reads the bits of {@link TRAIT} out of a user's values. */
export class TraitReader {
  readonly #accountEnabled: number;
  readonly #userType: number;
  readonly #onPremisesSyncEnabled: number;
  readonly #assignedLicenses: number;

  /** @param names of the values, in the order of their places */
  constructor(names: readonly string[]) {
    this.#accountEnabled = names.indexOf("accountEnabled");
    this.#userType = names.indexOf("userType");
    this.#onPremisesSyncEnabled = names.indexOf("onPremisesSyncEnabled");
    this.#assignedLicenses = names.indexOf("assignedLicenses");
  }

  /**
   * @param starts where each value begins, by place
   * @param ends behind each value; 0 for one that was left out
   */
  read(bytes: Uint8Array, starts: Int32Array, ends: Int32Array): number {
    let traits = 0;
    const enabled = firstByte(bytes, starts, ends, this.#accountEnabled);
    if (enabled === LETTER_T) traits |= TRAIT.enabled;
    else if (enabled === LETTER_F) traits |= TRAIT.disabled;
    if (firstByte(bytes, starts, ends, this.#onPremisesSyncEnabled) === LETTER_T)
      traits |= TRAIT.synchronised;
    const isList = firstByte(bytes, starts, ends, this.#assignedLicenses) === OPEN_BRACKET;
    if (isList && hasElement(bytes, starts[this.#assignedLicenses] ?? 0)) traits |= TRAIT.licensed;
    const start = starts[this.#userType] ?? 0;
    const end = ends[this.#userType] ?? 0;
    if (isText(bytes, start, end, MEMBER)) traits |= TRAIT.member;
    else if (isText(bytes, start, end, GUEST)) traits |= TRAIT.guest;
    else if (hasEscape(bytes, start, end)) traits |= typeOf(textOfString(bytes, start, end));
    return traits;
  }
}

// No functions inside of functions in here: this is called for each user.

function firstByte(
  bytes: Uint8Array,
  starts: Int32Array,
  ends: Int32Array,
  place: number,
): number | undefined {
  return ends[place] ? bytes[starts[place] ?? 0] : undefined;
}

/** Whether the list that begins there has anything in it but white space, which Graph does not send. */
function hasElement(bytes: Uint8Array, start: number): boolean {
  let at = start + 1;
  while ((bytes[at] ?? CLOSE_BRACKET) <= SPACE) at++;
  return bytes[at] !== CLOSE_BRACKET;
}

/** Whether a value is a string that is short enough for a type, and has escapes, which Graph does not need there. */
function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > MAX_TYPE_BYTES || bytes[start] !== QUOTE) return false;
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

function typeOf(text: string): number {
  if (text === "Member") return TRAIT.member;
  return text === "Guest" ? TRAIT.guest : 0;
}

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false;
  return true;
}
