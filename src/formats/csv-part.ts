import { createHash } from "node:crypto";
import { textLines } from "../rows/user-line.ts";
import type { FinishedPart, Part } from "../snapshot/part.ts";
import { CsvRows } from "./csv.ts";

/** UTF-8 takes at most three bytes for each UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/** A part of CSV, with the heading; see {@link CsvRows}. Not compressed, so that a double click opens it. */
export class CsvPart implements Part {
  readonly #csv: CsvRows;
  readonly #hash = createHash("sha256");
  #body: Buffer;
  #bytes = 0;
  #users = 0;

  /**
   * @param properties in the order of the columns
   * @param expectedBytes how large the part will be. The memory is taken at once: joining pieces at the end would need it
   *   twice
   */
  constructor(properties: readonly string[], expectedBytes = 2 ** 20) {
    this.#csv = new CsvRows(properties);
    this.#body = Buffer.allocUnsafeSlow(expectedBytes);
    this.#append(this.#csv.heading);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get users(): number {
    return this.#users;
  }

  async write(lines: Buffer, users: number): Promise<void> {
    this.#users += users;
    this.#append(this.#csv.rows(textLines(lines)));
  }

  async finish(name: string): Promise<FinishedPart> {
    const entry = { name, users: this.#users, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    return { entry, body: this.#body.subarray(0, this.#bytes) };
  }

  #append(text: string): void {
    const needed = this.#bytes + text.length * MAX_BYTES_PER_UNIT;
    if (needed > this.#body.length) this.#grow(Math.max(needed, this.#body.length * 1.5));
    const end = this.#bytes + this.#body.write(text, this.#bytes);
    this.#hash.update(this.#body.subarray(this.#bytes, end));
    this.#bytes = end;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.ceil(bytes));
    this.#body.copy(larger, 0, 0, this.#bytes);
    this.#body = larger;
  }
}
