const WORDS_PER_ID = 4;
/** Slots for each id expected: two thirds full is 24 bytes an id. */
const SLOTS_PER_ID = 1.5;
const GROWTH = 1.5;
const MIN_SLOTS = 1024;

/**
 * A set of GUIDs at about 24 bytes each, where a `Set` of strings takes over 100: 16 bytes an id in one typed array
 * that is kept at most three quarters full. Open addressing with linear probing; an all-zero slot is empty, which
 * works because no object has the nil GUID.
 */
export class IdSet {
  #slots: Uint32Array;
  #size = 0;
  readonly #id = new Uint32Array(WORDS_PER_ID);

  /** @param expected how many ids will come, as far as known; more are fine, and cost a copy of the table */
  constructor(expected = 0) {
    this.#slots = emptySlots(Math.ceil(expected * SLOTS_PER_ID));
  }

  /** How many different ids were added. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an id.
   *
   * @param guid in the form `87d349ed-44d7-43e1-9a83-5f2406dee5bd`, either case, not the nil GUID
   * @returns whether it is new
   */
  add(guid: string): boolean {
    const id = this.#id;
    id[0] = Number.parseInt(guid.slice(0, 8), 16);
    id[1] = Number.parseInt(guid.slice(9, 13) + guid.slice(14, 18), 16);
    id[2] = Number.parseInt(guid.slice(19, 23) + guid.slice(24, 28), 16);
    id[3] = Number.parseInt(guid.slice(28, 36), 16);
    if (!place(this.#slots, id)) return false;
    this.#size++;
    if (this.#size * WORDS_PER_ID > this.#slots.length * 0.75) this.#grow();
    return true;
  }

  #grow(): void {
    const former = this.#slots;
    this.#slots = emptySlots(Math.ceil((former.length / WORDS_PER_ID) * GROWTH));
    for (let at = 0; at < former.length; at += WORDS_PER_ID) {
      const id = former.subarray(at, at + WORDS_PER_ID);
      if (!isEmpty(id, 0)) place(this.#slots, id);
    }
  }
}

function emptySlots(count: number): Uint32Array {
  return new Uint32Array(Math.max(count, MIN_SLOTS) * WORDS_PER_ID);
}

/** @returns whether the id was put into an empty slot, that is, was not there yet */
function place(slots: Uint32Array, id: Uint32Array): boolean {
  // Object ids are random (version 4 GUIDs); mixing two words guards against a directory that counts in one of them.
  const hash = ((id[0] ?? 0) ^ Math.imul(id[3] ?? 0, 0x9e3779b1)) >>> 0;
  let at = (hash % (slots.length / WORDS_PER_ID)) * WORDS_PER_ID;
  while (!isEmpty(slots, at)) {
    if (
      slots[at] === id[0] &&
      slots[at + 1] === id[1] &&
      slots[at + 2] === id[2] &&
      slots[at + 3] === id[3]
    ) {
      return false;
    }
    at += WORDS_PER_ID;
    if (at === slots.length) at = 0;
  }
  slots.set(id, at);
  return true;
}

function isEmpty(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}
