import { GUID_WORDS } from "./guid.ts";

/** Slots for each GUID expected: two thirds full keeps probing short. */
const SLOTS_PER_GUID = 1.5;
const GROWTH = 1.5;
const MIN_SLOTS = 64;
const MAX_LOAD = 0.75;

/**
 * GUIDs, each with some words of its own, in one typed array: 24 bytes a GUID and 6 for each further word, where a `Map`
 * with strings for keys takes over 100. Open addressing with linear probing. A slot whose GUID is all zeros is empty,
 * which works because no directory object has the nil GUID.
 */
export class GuidTable {
  readonly #slotWords: number;
  #slots: Uint32Array;
  #size = 0;

  /**
   * @param expected how many GUIDs will come, as far as known; more are fine, and cost a copy of the table
   * @param payloadWords 32-bit words beside each GUID
   */
  constructor(expected: number, payloadWords = 0) {
    this.#slotWords = GUID_WORDS + payloadWords;
    this.#slots = new Uint32Array(
      Math.max(MIN_SLOTS, Math.ceil(expected * SLOTS_PER_GUID)) * this.#slotWords,
    );
  }

  /** How many different GUIDs were added. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a GUID as `readGuid` reads it.
   *
   * @param at where its four words begin
   * @returns where its payload begins in {@link words}, to be written; -1 when it is there already
   */
  add(guids: Uint32Array, at = 0): number {
    if ((this.#size + 1) * this.#slotWords > this.#slots.length * MAX_LOAD) this.#grow();
    const slot = this.#probe(guids, at);
    if (!isEmpty(this.#slots, slot)) return -1;
    copyGuid(guids, at, this.#slots, slot);
    this.#size++;
    return slot + GUID_WORDS;
  }

  /** Where the payload of a GUID begins in {@link words}; -1 when it is not there. Good until the table grows. */
  find(guids: Uint32Array, at = 0): number {
    const slot = this.#probe(guids, at);
    return isEmpty(this.#slots, slot) ? -1 : slot + GUID_WORDS;
  }

  /** What holds the payloads. Another one once the table has grown, which it does not up to the number expected. */
  get words(): Uint32Array {
    return this.#slots;
  }

  /** Where each payload begins in {@link words}, in no order that means anything. */
  *payloads(): Generator<number, void, undefined> {
    for (let slot = 0; slot < this.#slots.length; slot += this.#slotWords) {
      if (!isEmpty(this.#slots, slot)) yield slot + GUID_WORDS;
    }
  }

  /** The slot of a GUID, or the empty one where it would be. */
  #probe(guids: Uint32Array, from: number): number {
    const slots = this.#slots;
    const slotWords = this.#slotWords;
    const w0 = guids[from] ?? 0;
    const w1 = guids[from + 1] ?? 0;
    const w2 = guids[from + 2] ?? 0;
    const w3 = guids[from + 3] ?? 0;
    // Object ids are random (version 4 GUIDs); mixing two words guards against a directory that counts in one of them.
    const hash = (w0 ^ Math.imul(w3, 0x9e3779b1)) >>> 0;
    let at = (hash % (slots.length / slotWords)) * slotWords;
    while (!isEmpty(slots, at)) {
      if (slots[at] === w0 && slots[at + 1] === w1 && slots[at + 2] === w2 && slots[at + 3] === w3) return at;
      at += slotWords;
      if (at === slots.length) at = 0;
    }
    return at;
  }

  #grow(): void {
    const former = this.#slots;
    const slotWords = this.#slotWords;
    this.#slots = new Uint32Array(Math.ceil((former.length / slotWords) * GROWTH) * slotWords);
    for (let at = 0; at < former.length; at += slotWords) {
      if (!isEmpty(former, at)) this.#slots.set(former.subarray(at, at + slotWords), this.#probe(former, at));
    }
  }
}

function isEmpty(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}

function copyGuid(from: Uint32Array, at: number, to: Uint32Array, slot: number): void {
  for (let word = 0; word < GUID_WORDS; word++) to[slot + word] = from[at + word] ?? 0;
}
