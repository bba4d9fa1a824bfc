import { isJsonText, textOfJson } from "../rows/json-text.ts";
import { ValueCutter } from "../rows/value-cutter.ts";

/** Without it Excel takes UTF-8 for the code page of the country. */
const BYTE_ORDER_MARK = "\uFEFF";
const LINE_END = "\r\n";

/**
 * A text that a spreadsheet could take for a formula: one that begins with `=`, `+`, `-` or `@`, full-width and small
 * forms too, also behind spaces, control characters and invisible ones; or with a tab or a line break. An apostrophe
 * counts as well, so that each cell which begins with one was given one.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^(?:['\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠﹦﹢﹣﹫])/u;

/**
 * A text that has to be quoted, or had better be: with a separator, also those of other countries and programs; with a
 * space at an end, which some readers cut off; that looks like a number, for some readers take a quoted `001234` for the
 * text that it is; or empty, to be told from null.
 */
const QUOTED = /[",;\t\r\n]|^\s|\s$|^[\d.]+(?:[eE]\d+)?$|^$/;

/** Most texts are neither, and are known at once. */
const PLAIN = /^[A-Za-z][\w@.\- ]*\w$/;

/**
 * Writes users as CSV (RFC 4180): a heading of the properties, then a row a user.
 *
 * | value                | cell                                                                                |
 * | -------------------- | ----------------------------------------------------------------------------------- |
 * | null                 | empty                                                                               |
 * | empty text           | `""`                                                                                |
 * | text                 | as it is, leading zeros too; an apostrophe before what could be taken for a formula |
 * | true, false, number  | as in JSON                                                                          |
 * | collection, object   | JSON                                                                                |
 *
 * To have a text back, take one apostrophe from the beginning of each cell that begins with one.
 */
export class CsvRows {
  /** Byte order mark and heading. */
  readonly heading: string;
  readonly #cutter: ValueCutter;

  /**
   * @param properties of the lines, in their order
   * @param columns in their order; all properties by default
   */
  constructor(properties: readonly string[], columns: readonly string[] = properties) {
    this.heading = `${BYTE_ORDER_MARK}${columns.map(cellOfText).join(",")}${LINE_END}`;
    this.#cutter = new ValueCutter(properties, columns);
  }

  /** @param lines a user each, as JSON */
  rows(lines: Iterable<string>): string {
    let rows = "";
    for (const line of lines) {
      let separator = "";
      for (const value of this.#cutter.cut(line)) {
        rows += separator + cellOf(value);
        separator = ",";
      }
      rows += LINE_END;
    }
    return rows;
  }
}

/**
 * Counts the users in a CSV file that {@link CsvRows} wrote.
 *
 * @returns `undefined` when it does not end behind a row
 */
export function countCsvRows(body: Buffer): number | undefined {
  let lineFeeds = 0;
  let isQuoted = false;
  for (const byte of body) {
    if (byte === 0x22) isQuoted = !isQuoted;
    else if (byte === 0x0a && !isQuoted) lineFeeds++;
  }
  const isWhole = !isQuoted && lineFeeds > 0 && body.subarray(-LINE_END.length).toString() === LINE_END;
  return isWhole ? lineFeeds - 1 : undefined;
}

function cellOf(json: string): string {
  if (json === "null") return "";
  if (isJsonText(json)) return cellOfText(textOfJson(json));
  return json.includes(",") || json.includes('"') ? quote(json) : json;
}

function cellOfText(text: string): string {
  if (PLAIN.test(text)) return text;
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? quote(safe) : safe;
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
