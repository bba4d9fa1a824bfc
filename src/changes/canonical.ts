import { JsonScan } from "../rows/json-scan.ts";

/**
 * One text for all ways of writing the same value: two values are equal when their canonical texts are. At any depth, the
 * order of an object's members and of a collection's elements does not matter; how often an element occurs does. A
 * member that is null counts as absent. Strings are equal with and without escapes. Numbers are equal when JavaScript
 * reads them as the same; integers that are too large for that are compared digit by digit.
 *
 * Nothing is parsed into a value, because directory extensions may hold 64-bit integers.
 *
 * @param json one JSON value, not nested deeper than `JsonScan` allows
 */
export function canonicalValue(json: Uint8Array): string {
  return readCanonical(new JsonScan(json));
}

function readCanonical(scan: JsonScan): string {
  switch (String.fromCharCode(scan.peek() ?? 0)) {
    case "[":
      return readCollection(scan);
    case "{":
      return readObject(scan);
    default:
      return canonicalScalar(scan.readValue());
  }
}

function readCollection(scan: JsonScan): string {
  const elements: string[] = [];
  scan.openArray();
  while (scan.nextElement(elements.length === 0)) elements.push(readCanonical(scan));
  return `[${elements.sort().join(",")}]`;
}

function readObject(scan: JsonScan): string {
  const members: string[] = [];
  scan.openObject();
  for (let first = true; scan.nextKey(first); first = false) {
    const key = JSON.stringify(scan.readKey());
    const value = readCanonical(scan);
    if (value !== "null") members.push(`${key}:${value}`);
  }
  return `{${members.sort().join(",")}}`;
}

function canonicalScalar(json: string): string {
  if (json.startsWith('"')) return json.includes("\\") ? JSON.stringify(JSON.parse(json)) : json;
  return /^[-\d]/.test(json) ? canonicalNumber(json) : json;
}

function canonicalNumber(json: string): string {
  const number = Number(json);
  const isExact = Number.isFinite(number) && (Number.isSafeInteger(number) || !/^-?\d+$/.test(json));
  return isExact ? String(number) : json;
}
