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
const OPEN_BRACKET = 0x5b;
const MEMBER = Buffer.from('"Member"');
const GUEST = Buffer.from('"Guest"');

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
    if (isList && (ends[this.#assignedLicenses] ?? 0) - (starts[this.#assignedLicenses] ?? 0) > 2) {
      traits |= TRAIT.licensed;
    }
    const start = starts[this.#userType] ?? 0;
    const end = ends[this.#userType] ?? 0;
    if (isText(bytes, start, end, MEMBER)) traits |= TRAIT.member;
    else if (isText(bytes, start, end, GUEST)) traits |= TRAIT.guest;
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

function isText(bytes: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false;
  return true;
}
