import { isJsonText, textOfJson } from "../rows/json-text.ts";
import { type ColumnType, columnTypeOf } from "./column-type.ts";

/** A value of a column: JSON and text as strings, an instant as microseconds since the epoch. */
export type ColumnValue = string | boolean | bigint | readonly (string | null)[] | null;

/**
 * Converts a value for its column, exactly.
 *
 * @param json the value as it is in the line
 * @returns `undefined` when the column cannot hold it
 */
export type ToColumnValue = (json: string) => ColumnValue | undefined;

/** How the values of a property are converted. */
export function converterOf(property: string): ToColumnValue {
  const convert = CONVERTERS[columnTypeOf(property)];
  return (json) => (json === "null" ? null : convert(json));
}

const CONVERTERS: Readonly<Record<ColumnType, ToColumnValue>> = {
  boolean: toBoolean,
  timestamp: (json) => (isJsonText(json) ? toMicroseconds(textOfJson(json)) : undefined),
  texts: toTexts,
  json: (json) => json,
  text: (json) => (isJsonText(json) ? textOfJson(json) : json),
};

function toBoolean(json: string): boolean | undefined {
  if (json === "true") return true;
  return json === "false" ? false : undefined;
}

function toTexts(json: string): readonly (string | null)[] | undefined {
  if (json === "[]") return [];
  if (!json.startsWith("[")) return undefined;
  const values: unknown[] = JSON.parse(json);
  return values.every((value) => typeof value === "string" || value === null) ? values : undefined;
}

/** The usual one. */
const WHOLE_SECOND = /^\d{4}-\d\d-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** Date and time with a zone, as Graph writes Edm.DateTimeOffset: fractions to 100 ns. */
const INSTANT =
  /^\d{4}-\d\d-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,6})(?:0+)?)?(?:Z|[+-]\d\d:[0-5]\d)$/;

/**
 * Microseconds since the epoch of an instant in ISO 8601; `undefined` for any other text, a finer time, or a day that its
 * month does not have.
 */
export function toMicroseconds(text: string): bigint | undefined {
  if (WHOLE_SECOND.test(text)) {
    const ms = Date.parse(text);
    return Number.isNaN(ms) ? undefined : BigInt(ms) * 1000n;
  }
  const match = INSTANT.exec(text);
  if (!match) return undefined;
  const [, day, fraction] = match;
  const wholeMs = Date.parse(fraction === undefined ? text : text.replace(/\.\d+/, ""));
  if (Number.isNaN(wholeMs) || (Number(day) > 28 && !hasDay(text.slice(0, 10)))) return undefined;
  // Year 1, which Graph writes for "never", is -6.2e16 µs: a number cannot hold that exactly.
  return BigInt(wholeMs) * 1000n + BigInt((fraction ?? "").padEnd(6, "0"));
}

/** The parser takes 30 February for 1 March. */
function hasDay(date: string): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}
