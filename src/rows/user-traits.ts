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
    const first = (place: number) => (ends[place] ? bytes[starts[place] ?? 0] : undefined);
    const enabled = first(this.#accountEnabled);
    let traits = enabled === LETTER_T ? TRAIT.enabled : enabled === LETTER_F ? TRAIT.disabled : 0;
    if (first(this.#onPremisesSyncEnabled) === LETTER_T) traits |= TRAIT.synchronised;
    const end = ends[this.#assignedLicenses] ?? 0;
    const start = starts[this.#assignedLicenses] ?? 0;
    if (end - start > 2 && bytes[start] === OPEN_BRACKET) traits |= TRAIT.licensed;
    return traits | this.#type(bytes, starts[this.#userType] ?? 0, ends[this.#userType] ?? 0);
  }

  #type(bytes: Uint8Array, start: number, end: number): number {
    if (end === 0) return 0;
    const isPlain = (text: string) => {
      if (end - start !== text.length) return false;
      for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false;
      return true;
    };
    if (isPlain('"Member"')) return TRAIT.member;
    if (isPlain('"Guest"')) return TRAIT.guest;
    return 0;
  }
}
