/** Number of 32-bit words in a GUID. */
export const GUID_WORDS = 4;
/** Number of characters in a GUID such as `87d349ed-44d7-43e1-9a83-5f2406dee5bd`. */
export const GUID_LENGTH = 36;

const HYPHEN = 0x2d;
const NO_DIGIT = 0xff;
/** Value of each ASCII character as a hexadecimal digit. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? NO_DIGIT : value;
});

/**
 * Reads a GUID from ASCII bytes, in upper or lower case.
 *
 * @param into receives four words, starting at `at`
 * @returns whether there is a GUID; `false` for the nil GUID, which identifies nothing
 */
export function readGuid(bytes: Uint8Array, start: number, into: Uint32Array, at: number): boolean {
  let word = 0;
  let digits = 0;
  let any = 0;
  for (let index = 0; index < GUID_LENGTH; index++) {
    const code = bytes[start + index] ?? 0;
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (code !== HYPHEN) return false;
      continue;
    }
    const digit = DIGITS[code] ?? NO_DIGIT;
    if (digit === NO_DIGIT) return false;
    word = (word << 4) | digit;
    if (++digits % 8 === 0) {
      into[at + digits / 8 - 1] = word;
      any |= word;
      word = 0;
    }
  }
  return any !== 0;
}
