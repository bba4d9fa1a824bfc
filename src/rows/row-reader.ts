import { readGuid } from "./guid.ts";
import { JsonScan } from "./json-scan.ts";
import { readObjectId } from "./object-id.ts";

/** How a line begins when its first property is the id, as it usually is. */
const ID_FIRST = Buffer.from('{"id":"');

/** Cuts values out of the lines of one snapshot, exactly as they are written there. */
export class RowReader {
  /** `"id":`, `"displayName":`, …: what precedes each value. */
  readonly #keys: readonly Uint8Array[];
  readonly #places: ReadonlyMap<string, number>;

  /** @param properties in the order of the lines */
  constructor(properties: readonly string[]) {
    this.#keys = properties.map((name) => Buffer.from(`"${name}":`));
    this.#places = new Map(properties.map((name, place) => [name, place]));
  }

  /**
   * Reads the object id of a line.
   *
   * @param id receives its four words
   * @returns whether the line has an object id
   * @throws {JsonScanError} if the line is not a JSON object
   */
  readId(line: Uint8Array, id: Uint32Array): boolean {
    return (startsWithId(line) && readGuid(line, ID_FIRST.length, id, 0)) || searchId(line, id);
  }

  /**
   * The values of a line as JSON, in the order of the properties; `null` for one that is absent. They are byte strings:
   * one character is one byte of UTF-8 (Node's `latin1`).
   *
   * @throws {JsonScanError} if the line is not a JSON object
   */
  values(line: Buffer): readonly string[] {
    const values = Array<string>(this.#keys.length).fill("null");
    const text = line.toString("latin1");
    const scan = new JsonScan(line);
    scan.openObject();
    for (let nth = 0; scan.nextKey(nth === 0); nth++) {
      const key = this.#keys[nth];
      const place = key && scan.isKey(key) ? nth : this.#places.get(scan.readKey());
      scan.peek();
      const start = scan.at;
      scan.skipValue();
      if (place !== undefined) values[place] = text.slice(start, scan.at);
    }
    return values;
  }
}

function startsWithId(line: Uint8Array): boolean {
  for (let at = 0; at < ID_FIRST.length; at++) if (line[at] !== ID_FIRST[at]) return false;
  return true;
}

/** For lines that do not begin with the id, or whose id contains escapes. */
function searchId(line: Uint8Array, id: Uint32Array): boolean {
  const scan = new JsonScan(line);
  let found = false;
  scan.openObject();
  for (let first = true; scan.nextKey(first); first = false) {
    const key = scan.readKey();
    scan.peek();
    const start = scan.at;
    scan.skipValue();
    if (key === "id") found = readObjectId(line, start, scan.at, id, 0);
  }
  return found;
}
