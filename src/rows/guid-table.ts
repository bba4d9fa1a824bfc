import { randomInt } from "node:crypto";
import { GUID_WORDS } from "./guid.ts";

/** Places in the index for each record: at two thirds full, probing stays short. */
const PLACES_PER_RECORD = 1.5;
const MAX_LOAD = 0.75;
const GROWTH = 1.5;
const MIN_RECORDS = 64;
/** Odd, with bits all over. */
const MIXER = 0x9e3779b1;
const SEED = randomInt(2 ** 32);

/**
 * Records that begin with a GUID, found by it: 22 bytes a GUID and 4 for each further word, where a `Map` with strings for
 * keys takes over 100. The records stand in the order in which they came; an index of their numbers, with open addressing
 * and linear probing, finds them.
 */
export class GuidTable {
  /** 32-bit words of a record: four of the GUID, then what belongs to it. */
  readonly recordWords: number;
  #records: Uint32Array;
  #size = 0;
  /** One more than a record's number; 0 where there is none. */
  #index: Uint32Array;

  /**
   * @param expected how many records will come, as far as known; more are fine, and cost a copy
   * @param payloadWords 32-bit words of each record besides its GUID
   */
  constructor(expected: number, payloadWords = 0) {
    const capacity = Math.max(MIN_RECORDS, Math.ceil(expected));
    this.recordWords = GUID_WORDS + payloadWords;
    this.#records = new Uint32Array(capacity * this.recordWords);
    this.#index = new Uint32Array(Math.ceil(capacity * PLACES_PER_RECORD));
  }

  /**
   * Makes a table of records that are all there, without copying them.
   *
   * @returns `undefined` when a GUID is among them twice
   */
  static of(records: Uint32Array, payloadWords: number): GuidTable | undefined {
    const table = new GuidTable(0, payloadWords);
    const count = records.length / table.recordWords;
    table.#records = records;
    table.#index = new Uint32Array(Math.max(MIN_RECORDS, Math.ceil(count * PLACES_PER_RECORD)));
    for (let number = 0; number < count; number++) {
      const place = table.#placeOf(records, number * table.recordWords);
      if (table.#index[place] !== 0) return undefined;
      table.#index[place] = number + 1;
    }
    table.#size = count;
    return table;
  }

  /** How many records there are. */
  get size(): number {
    return this.#size;
  }

  /** The records, one after another. Another array once the table has grown, which it does not up to `expected`. */
  get words(): Uint32Array {
    return this.#records;
  }

  /**
   * Adds a record for a GUID as `readGuid` reads it; the rest of the record is zero, to be written into {@link words}.
   *
   * @param at where its four words begin
   * @returns the record's number; -1 when there is one already
   */
  add(guids: Uint32Array, at = 0): number {
    if (this.#size + 1 > this.#index.length * MAX_LOAD) this.#growIndex();
    const place = this.#placeOf(guids, at);
    if (this.#index[place] !== 0) return -1;
    const number = this.#size++;
    this.#index[place] = number + 1;
    const from = number * this.recordWords;
    if (from + this.recordWords > this.#records.length) this.#growRecords();
    for (let word = 0; word < GUID_WORDS; word++) this.#records[from + word] = guids[at + word] ?? 0;
    return number;
  }

  /** The number of a GUID's record; -1 when there is none. */
  find(guids: Uint32Array, at = 0): number {
    return (this.#index[this.#placeOf(guids, at)] ?? 0) - 1;
  }

  /** The place in the index of a GUID, or the empty one where it would be. */
  #placeOf(guids: Uint32Array, from: number): number {
    const index = this.#index;
    const records = this.#records;
    const w0 = guids[from] ?? 0;
    const w1 = guids[from + 1] ?? 0;
    const w2 = guids[from + 2] ?? 0;
    const w3 = guids[from + 3] ?? 0;
    // Object ids are random (version 4 GUIDs), but fingerprints are read from a blob that somebody may have written so that
    // all ids meet in one place, which would take hours. So all words count, and how they do differs in each process.
    let hash = Math.imul(w0 ^ SEED, MIXER);
    hash = Math.imul(hash ^ (hash >>> 15) ^ w1, MIXER);
    hash = Math.imul(hash ^ (hash >>> 15) ^ w2, MIXER);
    hash = Math.imul(hash ^ (hash >>> 15) ^ w3, MIXER);
    let place = ((hash ^ (hash >>> 15)) >>> 0) % index.length;
    for (;;) {
      const number = index[place] ?? 0;
      if (number === 0) return place;
      const at = (number - 1) * this.recordWords;
      if (records[at] === w0 && records[at + 1] === w1 && records[at + 2] === w2 && records[at + 3] === w3) {
        return place;
      }
      place = place + 1 === index.length ? 0 : place + 1;
    }
  }

  #growRecords(): void {
    const larger = new Uint32Array(Math.ceil(this.#records.length * GROWTH));
    larger.set(this.#records);
    this.#records = larger;
  }

  #growIndex(): void {
    this.#index = new Uint32Array(Math.ceil(this.#index.length * GROWTH));
    for (let number = 0; number < this.#size; number++) {
      this.#index[this.#placeOf(this.#records, number * this.recordWords)] = number + 1;
    }
  }
}
