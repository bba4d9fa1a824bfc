import { GUID_LENGTH, GUID_WORDS, readGuid } from "./guid.ts";
import { GuidTable } from "./guid-table.ts";

/** A set of object ids at about 22 bytes each. */
export class IdSet {
  readonly #table: GuidTable;
  readonly #text = Buffer.alloc(GUID_LENGTH);
  readonly #words = new Uint32Array(GUID_WORDS);

  /** @param expected how many ids will come, as far as known; more are fine, and cost a copy of the table */
  constructor(expected = 0) {
    this.#table = new GuidTable(expected);
  }

  /** How many different ids were added. */
  get size(): number {
    return this.#table.size;
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
    return this.#table.add(words, at) >= 0;
  }
}
