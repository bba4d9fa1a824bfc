import { createHash } from "node:crypto";
import type { FinishedPart, Part } from "../snapshot/part.ts";
import { CsvRows } from "./csv.ts";
import { CsvEncoder } from "./csv-encoder.ts";

/** A part of CSV, with the heading; see {@link CsvRows}. Not compressed, so that a double click opens it. */
export class CsvPart implements Part {
  readonly #csv: CsvEncoder;
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
    this.#csv = new CsvEncoder(properties);
    this.#body = Buffer.allocUnsafeSlow(expectedBytes);
    this.#take(this.#body.write(new CsvRows(properties).heading));
  }

  get bytes(): number {
    return this.#bytes;
  }

  get users(): number {
    return this.#users;
  }

  async write(lines: Buffer, users: number): Promise<void> {
    this.#users += users;
    const needed = this.#bytes + this.#csv.maxBytes(lines, users);
    if (needed > this.#body.length) this.#grow(Math.max(needed, this.#body.length * 1.5));
    this.#take(this.#csv.encode(lines, this.#body, this.#bytes));
  }

  async finish(name: string): Promise<FinishedPart> {
    const entry = { name, users: this.#users, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
    return { entry, body: this.#body.subarray(0, this.#bytes) };
  }

  /** @param end of what has been written into the body */
  #take(end: number): void {
    this.#hash.update(this.#body.subarray(this.#bytes, end));
    this.#bytes = end;
  }

  #grow(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.ceil(bytes));
    this.#body.copy(larger, 0, 0, this.#bytes);
    this.#body = larger;
  }
}
