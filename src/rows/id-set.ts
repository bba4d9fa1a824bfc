import { GUID_LENGTH, GUID_WORDS, readGuid } from "./guid.ts";
import { GuidTable } from "./guid-table.ts";

/** A set of object ids at about 22 bytes each. */
export class IdSet {
  readonly #table: GuidTable;
  readonly #text = Buffer.alloc(GUID_LENGTH);
  readonly #words = new Uint32Array(GUID_WORDS);

  /** @param expected expected number of ids; more are fine, but cost a copy of the table */
  constructor(expected = 0) {
    this.#table = new GuidTable(expected);
  }

  /** Number of different ids. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Adds an id such as `87d349ed-44d7-43e1-9a83-5f2406dee5bd`, in upper or lower case.
   *
   * @returns whether it is new
   * @throws {RangeError} for anything that is not a GUID, and for the nil GUID
   */
  add(guid: string): boolean {
    this.#text.write(guid, "latin1");
    if (guid.length !== GUID_LENGTH || !readGuid(this.#text, 0, this.#words, 0))
      throw new RangeError("not a GUID");
    return this.addWords(this.#words, 0);
  }

  /**
   * Adds an id that {@link readGuid} has read.
   *
   * @param at where its four words begin
   * @returns whether it is new
   */
  addWords(words: Uint32Array, at: number): boolean {
    return this.#table.add(words, at) >= 0;
  }
}
