import type { ColumnSource } from "hyparquet-writer";
import { ValueCutter } from "../rows/value-cutter.ts";
import { columnTypeOf } from "./column-type.ts";
import { type ColumnValue, converterOf, type ToColumnValue } from "./column-value.ts";
import { UNFIT_COLUMN } from "./parquet-schema.ts";

interface Column {
  readonly name: string;
  readonly convert: ToColumnValue;
  values: ColumnValue[];
}

/** Users, column by column, until they are encoded together. */
export class RowGroup {
  readonly #cutter: ValueCutter;
  readonly #columns: readonly Column[];
  #unfit: (string | null)[] = [];
  #rows = 0;
  #length = 0;

  /** @param properties in the order of the columns */
  constructor(properties: readonly string[]) {
    this.#cutter = new ValueCutter(properties);
    this.#columns = properties.map((name) => ({ name, convert: converterOf(name), values: [] }));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Characters of the lines: about what the values take in memory. */
  get length(): number {
    return this.#length;
  }

  /** @param line a user as JSON */
  add(line: string): void {
    const cut = this.#cutter.cut(line);
    let unfit = "";
    for (let place = 0; place < this.#columns.length; place++) {
      const column = this.#columns[place];
      const json = cut[place];
      if (column === undefined || json === undefined) continue;
      const value = column.convert(json);
      column.values.push(value ?? null);
      if (value === undefined) unfit += `${unfit === "" ? "{" : ","}${JSON.stringify(column.name)}:${json}`;
    }
    this.#unfit.push(unfit === "" ? null : `${unfit}}`);
    this.#rows++;
    this.#length += line.length;
  }

  /** Returns the columns and empties the group. */
  take(): ColumnSource[] {
    const columns = this.#columns.map((column) => {
      const { name, values } = column;
      column.values = [];
      const type = columnTypeOf(name);
      // Bounds let a query skip row groups. Those of texts in no order never do, and took a sixth of the time.
      const statistics = type === "timestamp" || type === "boolean";
      // Spark reads booleans in the newer encoding only since 3.3 (https://github.com/apache/spark/pull/35163).
      const encoding = type === "boolean" ? { encoding: "PLAIN" as const } : {};
      return { name, data: values, statistics, ...encoding };
    });
    const unfit = { name: UNFIT_COLUMN, data: this.#unfit, statistics: false };
    this.#unfit = [];
    this.#rows = 0;
    this.#length = 0;
    return [...columns, unfit];
  }
}
