import { GUID_WORDS } from "./guid.ts";

/** Slots for each expected GUID: probing stays short in a table that is two thirds full. */
const SLOTS_PER_GUID = 1.5;
const GROWTH = 1.5;
const MIN_SLOTS = 64;
const MAX_LOAD = 0.75;

/**
 * A hash table of GUIDs, each with a few words of payload, in one typed array. It takes 24 bytes for each GUID and 6 for
 * each payload word; a `Map` with string keys takes over 100. Open addressing with linear probing. A slot whose GUID is
 * all zeros is empty, which works because no directory object has the nil GUID.
 */
export class GuidTable {
  readonly #slotWords: number;
  #slots: Uint32Array;
  #size = 0;

  /**
   * @param expected expected number of GUIDs; more are fine, but cost a copy of the table
   * @param payloadWords number of 32-bit words stored with each GUID
   */
  constructor(expected: number, payloadWords = 0) {
    this.#slotWords = GUID_WORDS + payloadWords;
    this.#slots = new Uint32Array(
      Math.max(MIN_SLOTS, Math.ceil(expected * SLOTS_PER_GUID)) * this.#slotWords,
    );
  }

  /** Number of different GUIDs. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a GUID that `readGuid` has read.
   *
   * @param at where its four words begin
   * @returns where its payload begins in {@link words}, for the caller to write; -1 if the GUID is already there
   */
  add(guids: Uint32Array, at = 0): number {
    if ((this.#size + 1) * this.#slotWords > this.#slots.length * MAX_LOAD) this.#grow();
    const slot = this.#probe(guids, at);
    if (!isEmpty(this.#slots, slot)) return -1;
    copyGuid(guids, at, this.#slots, slot);
    this.#size++;
    return slot + GUID_WORDS;
  }

  /** Where a GUID's payload begins in {@link words}; -1 if the GUID is not there. Valid until the table grows. */
  find(guids: Uint32Array, at = 0): number {
    const slot = this.#probe(guids, at);
    return isEmpty(this.#slots, slot) ? -1 : slot + GUID_WORDS;
  }

  /** The array that holds the payloads. Replaced when the table grows, which needs more GUIDs than expected. */
  get words(): Uint32Array {
    return this.#slots;
  }

  /** Where each payload begins in {@link words}, in no particular order. */
  *payloads(): Generator<number, void, undefined> {
    for (let slot = 0; slot < this.#slots.length; slot += this.#slotWords) {
      if (!isEmpty(this.#slots, slot)) yield slot + GUID_WORDS;
    }
  }

  /** The slot of a GUID, or the empty slot where it belongs. */
  #probe(guids: Uint32Array, from: number): number {
    const slots = this.#slots;
    const slotWords = this.#slotWords;
    const w0 = guids[from] ?? 0;
    const w1 = guids[from + 1] ?? 0;
    const w2 = guids[from + 2] ?? 0;
    const w3 = guids[from + 3] ?? 0;
    // Object ids are random (version 4 GUIDs). Mixing two words guards against ids that count up in one of them.
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
    const before = this.#slots;
    const slotWords = this.#slotWords;
    this.#slots = new Uint32Array(Math.ceil((before.length / slotWords) * GROWTH) * slotWords);
    for (let at = 0; at < before.length; at += slotWords) {
      if (!isEmpty(before, at)) this.#slots.set(before.subarray(at, at + slotWords), this.#probe(before, at));
    }
  }
}

function isEmpty(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}

function copyGuid(from: Uint32Array, at: number, to: Uint32Array, slot: number): void {
  for (let word = 0; word < GUID_WORDS; word++) to[slot + word] = from[at + word] ?? 0;
}
