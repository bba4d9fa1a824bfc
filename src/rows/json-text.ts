import { JsonScan } from "./json-scan.ts";

/** Whether a JSON value is a string. */
export function isJsonText(json: string): boolean {
  return json.startsWith('"');
}

/**
 * The text of a JSON string.
 *
 * @param json with its quotes, see {@link isJsonText}
 */
export function textOfJson(json: string): string {
  return json.includes("\\") ? String(JSON.parse(json)) : json.slice(1, -1);
}

/** A text cut out of a longer one keeps all of that in memory; this copy of it does not. */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/**
 * The elements of a collection, each as JSON. They are not parsed, because an integer may have more than 53 bits.
 *
 * @throws {JsonScanError} for anything else
 */
export function elementsOfJson(json: string): readonly string[] {
  const scan = new JsonScan(Buffer.from(json));
  const elements: string[] = [];
  scan.openArray();
  while (scan.nextElement(elements.length === 0)) elements.push(scan.readValue());
  scan.expectEnd();
  return elements;
}

/**
 * The members of an object, each value as JSON, not parsed, as in {@link elementsOfJson}. If a key is repeated, the last
 * one counts.
 *
 * @throws {JsonScanError} for anything else
 */
export function membersOfJson(json: string): ReadonlyMap<string, string> {
  const scan = new JsonScan(Buffer.from(json));
  const members = new Map<string, string>();
  scan.openObject();
  for (let first = true; scan.nextKey(first); first = false) members.set(scan.readKey(), scan.readValue());
  scan.expectEnd();
  return members;
}
