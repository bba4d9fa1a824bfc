/** Whether JSON is that of a string. */
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
