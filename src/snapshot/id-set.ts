import { GUID_LENGTH, GUID_WORDS, readGuid } from "../guid.ts";

/** Slots for each id expected: two thirds full is 24 bytes an id. */
const SLOTS_PER_ID = 1.5;
const GROWTH = 1.5;
const MIN_SLOTS = 1024;
const MAX_LOAD = 0.75;

/**
 * A set of GUIDs at about 24 bytes each, where a `Set` of strings takes over 100: 16 bytes an id in one typed array
 * that is kept at most three quarters full. Open addressing with linear probing; an all-zero slot is empty, which
 * works because no object has the nil GUID.
 */
export class IdSet {
  #slots: Uint32Array;
  #size = 0;
  readonly #text = Buffer.alloc(GUID_LENGTH);
  readonly #words = new Uint32Array(GUID_WORDS);

  /** @param expected how many ids will come, as far as known; more are fine, and cost a copy of the table */
  constructor(expected = 0) {
    this.#slots = emptySlots(Math.ceil(expected * SLOTS_PER_ID));
  }

  /** How many different ids were added. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an id in the form `87d349ed-44d7-43e1-9a83-5f2406dee5bd`, either case.
   *
   * @returns whether it is new
   * @throws {RangeError} for anything that is no GUID, and for the nil one
   */
  add(guid: string): boolean {
    this.#text.write(guid, "latin1");
    if (guid.length !== GUID_LENGTH || !readGuid(this.#text, 0, this.#words, 0))
      throw new RangeError("not a GUID");
    return this.addWords(this.#words, 0);
  }

  /**
   * Adds an id as {@link readGuid} reads it.
   *
   * @param at where its four words begin
   * @returns whether it is new
   */
  addWords(words: Uint32Array, at: number): boolean {
    if (!place(this.#slots, words, at)) return false;
    this.#size++;
    if (this.#size * GUID_WORDS > this.#slots.length * MAX_LOAD) this.#grow();
    return true;
  }

  #grow(): void {
    const former = this.#slots;
    this.#slots = emptySlots(Math.ceil((former.length / GUID_WORDS) * GROWTH));
    for (let at = 0; at < former.length; at += GUID_WORDS) {
      if (!isEmpty(former, at)) place(this.#slots, former, at);
    }
  }
}

function emptySlots(count: number): Uint32Array {
  return new Uint32Array(Math.max(count, MIN_SLOTS) * GUID_WORDS);
}

/** @returns whether the id was put into an empty slot, that is, was not there yet */
function place(slots: Uint32Array, words: Uint32Array, from: number): boolean {
  const w0 = words[from] ?? 0;
  const w1 = words[from + 1] ?? 0;
  const w2 = words[from + 2] ?? 0;
  const w3 = words[from + 3] ?? 0;
  // Object ids are random (version 4 GUIDs); mixing two words guards against a directory that counts in one of them.
  const hash = (w0 ^ Math.imul(w3, 0x9e3779b1)) >>> 0;
  let at = (hash % (slots.length / GUID_WORDS)) * GUID_WORDS;
  while (!isEmpty(slots, at)) {
    if (slots[at] === w0 && slots[at + 1] === w1 && slots[at + 2] === w2 && slots[at + 3] === w3)
      return false;
    at += GUID_WORDS;
    if (at === slots.length) at = 0;
  }
  slots[at] = w0;
  slots[at + 1] = w1;
  slots[at + 2] = w2;
  slots[at + 3] = w3;
  return true;
}

function isEmpty(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}
