import { parseJson } from "../http/json.ts";
import type { IdSet } from "../rows/id-set.ts";
import { isObjectId } from "../rows/object-id.ts";
import type { TallyCheck } from "./tally-check.ts";

/** Collects what is wrong with the lines of a part: for each kind of fault, the first line and how many lines have it. */
export class LineTally {
  readonly #keys: string;
  readonly #ids: IdSet;
  readonly #tallies: TallyCheck;
  readonly #faults = new Map<string, { first: number; lines: number }>();
  #line = 0;

  /**
   * @param properties the keys of each line, in order
   * @param ids ids of all users so far, in earlier parts too
   * @param tallies counts the users whose lines are right
   */
  constructor(properties: readonly string[], ids: IdSet, tallies: TallyCheck) {
    this.#keys = properties.join(",");
    this.#ids = ids;
    this.#tallies = tallies;
  }

  /** Checks the next line. */
  add(line: string): void {
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

  #faultOf(line: string): string | undefined {
    const user = parseJson(Buffer.from(line));
    if (typeof user !== "object" || user === null || Array.isArray(user)) return "is not a JSON object";
    const fields = user as Readonly<Record<string, unknown>>;
    const { id } = fields;
    if (!isObjectId(id)) return "has no object id";
    if (!this.#ids.add(id)) return "repeats the id of an earlier user";
    if (Object.keys(user).join(",") !== this.#keys) return "has other properties than the manifest says";
    this.#tallies.add(fields);
    return undefined;
  }
}
