import { elementsOfJson, isJsonText, textOfJson } from "../rows/json-text.ts";

const OPERATORS = ["=", "!=", "~", "<", "<=", ">", ">="] as const;
const INTEGER = /^-?\d+$/;
type Operator = (typeof OPERATORS)[number];

/** A condition that users must meet to be shown. */
export interface Condition {
  readonly property: string;
  /** Whether a value fits, given as JSON. */
  readonly fits: (json: string) => boolean;
}

/** How conditions are written, for a help text. */
export const CONDITION_SYNTAX = `PROPERTY=VALUE; operators: ${OPERATORS.join(" ")}`;

/**
 * Reads a condition such as `accountEnabled=false`, `department!=null`, `mail~contoso`, `createdDateTime>=2026-01-01`.
 *
 * | operator        | holds                                                                                         |
 * | --------------- | --------------------------------------------------------------------------------------------- |
 * | `=`             | the same text, including case; `null`, `true`, `false`; of a collection: one of its elements        |
 * | `!=`            | where `=` does not                                                                            |
 * | `~`             | the text contains the value, ignoring case; of a collection, one of its elements; of an object, its JSON |
 * | `<` `<=` `>` `>=` | instants, if the value is a date or an instant; else numbers; else texts, by their characters    |
 *
 * Null fits `=null` and the `!=` of anything else. `"null"` in quotes is the text.
 *
 * @returns `undefined` when it is not a condition
 */
export function parseCondition(text: string): Condition | undefined {
  const match = /^\s*([A-Za-z_]\w*)\s*(!=|<=|>=|[=~<>])(.*)$/s.exec(text);
  const [, property, operator, value] = match ?? [];
  if (property === undefined || !isOperator(operator) || value === undefined) return undefined;
  return { property, fits: test(operator, value.trim()) };
}

function isOperator(text: string | undefined): text is Operator {
  return OPERATORS.some((operator) => operator === text);
}

function test(operator: Operator, value: string): Condition["fits"] {
  switch (operator) {
    case "=":
      return equals(value);
    case "!=": {
      const isEqual = equals(value);
      return (json) => !isEqual(json);
    }
    case "~":
      return contains(value);
    default:
      return compares(operator, value);
  }
}

function equals(value: string): Condition["fits"] {
  if (/^null$/i.test(value)) return (json) => json === "null";
  const literal = /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value;
  const wanted = isQuoted(value) ? textOfJson(value) : value;
  return (json) => json === literal || (json !== "null" && textsOf(json).includes(wanted));
}

function contains(value: string): Condition["fits"] {
  const wanted = (isQuoted(value) ? textOfJson(value) : value).toLowerCase();
  return (json) => json !== "null" && textsOf(json).some((text) => text.toLowerCase().includes(wanted));
}

function compares(operator: "<" | "<=" | ">" | ">=", value: string): Condition["fits"] {
  const wantedMs = instantMs(value);
  return (json) => {
    if (json === "null") return false;
    const text = isJsonText(json) ? textOfJson(json) : json;
    if (wantedMs !== undefined) {
      const ms = instantMs(text);
      return ms !== undefined && holds(operator, ms - wantedMs);
    }
    if (!isJsonText(json)) return holds(operator, compareNumbers(json, value));
    return holds(operator, text < value ? -1 : text > value ? 1 : 0);
  };
}

/** @param difference NaN when the values cannot be compared; then nothing holds */
function holds(operator: "<" | "<=" | ">" | ">=", difference: number): boolean {
  if (operator.endsWith("=") && difference === 0) return true;
  return operator.startsWith("<") ? difference < 0 : difference > 0;
}

/** Less than 0, 0 or more than 0; NaN when one is not a number. Integers are compared exactly: they may have 64 bits. */
function compareNumbers(one: string, other: string): number {
  if (!INTEGER.test(one) || !INTEGER.test(other)) return Number(one) - Number(other);
  const difference = BigInt(one) - BigInt(other);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** Milliseconds since the epoch of a date, in UTC, or of an instant; `undefined` for any other text. */
function instantMs(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** What a condition looks at: a text, the elements of a collection, or the JSON of anything else. */
function textsOf(json: string): readonly string[] {
  if (isJsonText(json)) return [textOfJson(json)];
  if (!json.startsWith("[")) return [json];
  return elementsOfJson(json).map((element) => (isJsonText(element) ? textOfJson(element) : element));
}

function isQuoted(value: string): boolean {
  return /^"(?:[^"\\]|\\.)*"$/.test(value);
}
