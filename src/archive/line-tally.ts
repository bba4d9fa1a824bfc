import { GUID_WORDS } from "../rows/guid.ts";
import type { IdSet } from "../rows/id-set.ts";
import { JsonScan, JsonScanError } from "../rows/json-scan.ts";
import { readObjectId } from "../rows/object-id.ts";
import { TraitReader } from "../rows/user-traits.ts";
import type { UserTally } from "../snapshot/tallies.ts";

/**
 * Collects what is wrong with the lines of a part: for each kind of fault, the first line and how many lines have it.
 *
 * Lines are scanned as bytes: to parse each and look at the object took three times as long as all the rest of a verification.
 */
export class LineTally {
  /** The object id of the last line that was added, four words; meaningless where {@link hasId} is false. */
  readonly id = new Uint32Array(GUID_WORDS);
  /** Whether the last line that was added has an object id. */
  hasId = false;
  /** `"id":`, `"displayName":`, …: what precedes each value. */
  readonly #keys: readonly Uint8Array[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #idPlace: number;
  readonly #traits: TraitReader;
  /** Where each value of the line begins and ends; an end of 0 means that it is not there. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #ids: IdSet;
  readonly #tally: UserTally;
  readonly #faults = new Map<string, { first: number; lines: number }>();
  #line = 0;

  /**
   * @param properties the keys of each line, in order
   * @param ids ids of all users so far, in earlier parts too
   * @param tally counts the users whose lines are right
   */
  constructor(properties: readonly string[], ids: IdSet, tally: UserTally) {
    // The id is always read; a line without it is not right, whatever the manifest says.
    const names = [...new Set([...properties, "id"])];
    this.#keys = properties.map((name) => Buffer.from(`${JSON.stringify(name)}:`));
    this.#places = new Map(names.map((name, place) => [name, place]));
    this.#idPlace = names.indexOf("id");
    this.#traits = new TraitReader(names);
    this.#starts = new Int32Array(names.length);
    this.#ends = new Int32Array(names.length);
    this.#ids = ids;
    this.#tally = tally;
  }

  /**
   * Checks the next line.
   *
   * @param line UTF-8, without its line feed
   */
  add(line: Uint8Array): void {
    this.#line++;
    const fault = this.#faultOf(line);
    if (fault === undefined) return;
    const seen = this.#faults.get(fault);
    if (seen) seen.lines++;
    else this.#faults.set(fault, { first: this.#line, lines: 1 });
  }

  /** What is wrong, as clauses without a full stop; empty if every line is a user of the snapshot. */
  problems(): readonly string[] {
    return [...this.#faults].map(([fault, { first, lines }]) =>
      lines === 1 ? `line ${first} ${fault}` : `line ${first} ${fault}, the first of ${lines} such lines`,
    );
  }

  #faultOf(line: Uint8Array): string | undefined {
    this.hasId = false;
    const keys = this.#readKeys(line);
    if (keys === undefined) return "is not a JSON object";
    const place = this.#idPlace;
    this.hasId = readObjectId(line, this.#starts[place] ?? 0, this.#ends[place] ?? 0, this.id, 0);
    if (!this.hasId) return "has no object id";
    if (!this.#ids.addWords(this.id, 0)) return "repeats the id of an earlier user";
    if (keys === "other") return "has other properties than the manifest says";
    this.#tally.add(this.#traits.read(line, this.#starts, this.#ends));
    return undefined;
  }

  /** Finds the values of a line. Returns whether its keys are those of the manifest; `undefined` if it is not a JSON object. */
  #readKeys(line: Uint8Array): "right" | "other" | undefined {
    const scan = new JsonScan(line);
    try {
      const areRight = this.#findValues(scan);
      scan.expectEnd();
      return areRight ? "right" : "other";
    } catch (error) {
      if (!(error instanceof JsonScanError)) throw error;
      return undefined;
    }
  }

  #findValues(scan: JsonScan): boolean {
    this.#ends.fill(0);
    let areRight = true;
    let nth = 0;
    scan.openObject();
    for (; scan.nextKey(nth === 0); nth++) {
      const key = this.#keys[nth];
      // Usually as it is expected; else it may be another, or written with escapes.
      const place = key && scan.isKey(key) ? nth : this.#places.get(scan.readKey());
      areRight &&= place === nth;
      scan.peek();
      const start = scan.at;
      scan.skipValue();
      if (place === undefined) continue;
      this.#starts[place] = start;
      this.#ends[place] = scan.at;
    }
    return areRight && nth === this.#keys.length;
  }
}
