/** Mixes 32 bits. A bijection, so that distinct inputs give distinct outputs, and can be recovered from them. */
function scramble(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** The value that {@link scramble} turned into `bits`. */
function unscramble(bits: number): number {
  let value = bits ^ (bits >>> 16);
  value = Math.imul(value, 0x7ed1b41d);
  value ^= (value >>> 13) ^ (value >>> 26);
  value = Math.imul(value, 0xa5cb9243);
  return (value ^ (value >>> 16)) >>> 0;
}

/** A repeatable random number below 2^32 for a person (`index`) and a purpose (`salt`). */
export function draw(seed: number, index: number, salt: number): number {
  return scramble(Math.imul(index + 1, 0x9e3779b1) ^ scramble(seed + Math.imul(salt, 0x2545f491)));
}

/** A repeatable number in [0, 1). */
export function share(seed: number, index: number, salt: number): number {
  return draw(seed, index, salt) / 2 ** 32;
}

/** A repeatable version 4 GUID from which the person cannot be recovered. */
export function guid(seed: number, index: number, salt: number): string {
  return formatGuid(draw(seed, index, salt), seed, index, salt);
}

/** The GUID of a person: its first eight digits are the scrambled index, so no two people can share an id. */
export function personId(seed: number, index: number): string {
  return formatGuid(scramble(index ^ seed), seed, index, 7);
}

/** The index in a person's id. Meaningless for any other text: compare the {@link personId} of the result with it. */
export function indexOfId(seed: number, id: string): number {
  return (unscramble(Number.parseInt(id.slice(0, 8), 16)) ^ seed) >>> 0;
}

function formatGuid(first: number, seed: number, index: number, salt: number): string {
  const second = draw(seed, index, salt * 4 + 1001);
  const third = draw(seed, index, salt * 4 + 1002);
  const fourth = draw(seed, index, salt * 4 + 1003);
  const variant = ((third >>> 16) & 0x3fff) | 0x8000;
  return `${hex8(first)}-${hex4(second >>> 16)}-${hex4((second & 0x0fff) | 0x4000)}-${hex4(variant)}-${hex4(third & 0xffff)}${hex8(fourth)}`;
}

function hex8(value: number): string {
  return (value + 0x100000000).toString(16).slice(1);
}

function hex4(value: number): string {
  return (value + 0x10000).toString(16).slice(1);
}
