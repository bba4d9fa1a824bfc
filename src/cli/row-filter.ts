import { ValueCutter } from "../rows/value-cutter.ts";
import type { Condition } from "./condition.ts";

/** Keeps the users who meet all conditions. */
export class RowFilter {
  readonly #conditions: readonly Condition[];
  readonly #cutter: ValueCutter;
  /** Which of the cut values each condition is about; several may share one. */
  readonly #places: readonly number[];

  /** @param properties of the lines, in their order; each condition is about one of them */
  constructor(properties: readonly string[], conditions: readonly Condition[]) {
    const names = [...new Set(conditions.map(({ property }) => property))];
    this.#conditions = conditions;
    this.#cutter = new ValueCutter(properties, names);
    this.#places = conditions.map(({ property }) => names.indexOf(property));
  }

  /** @param lines a user each, as JSON */
  keep(lines: readonly string[]): readonly string[] {
    return this.#conditions.length === 0 ? lines : lines.filter((line) => this.#fits(line));
  }

  #fits(line: string): boolean {
    const values = this.#cutter.cut(line);
    return this.#conditions.every(({ fits }, at) => fits(values[this.#places[at] ?? 0] ?? "null"));
  }
}
