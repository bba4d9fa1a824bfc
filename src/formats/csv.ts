import { isJsonText, textOfJson } from "../rows/json-text.ts";
import { ValueCutter } from "../rows/value-cutter.ts";

/** Without it Excel reads UTF-8 as the local code page. */
const BYTE_ORDER_MARK = "\uFEFF";
const LINE_END = "\r\n";

/**
 * A text that a spreadsheet could take for a formula. It begins with `=`, `+`, `-` or `@`, or a full-width or small form
 * of these, perhaps after spaces, control or invisible characters; or with a tab or a line break. An apostrophe counts as
 * well, so that every cell that begins with one was given one.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^(?:['\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠﹦﹢﹣﹫])/u;

/**
 * A text that must be quoted, or had better be. It has a separator, including those of other countries and programs; or a
 * space at either end, which some readers cut off; or looks like a number, as some readers then take a quoted `001234`
 * for text; or is empty, to differ from null.
 */
const QUOTED = /[",;\t\r\n]|^\s|\s$|^[\d.]+(?:[eE]\d+)?$|^$/;

/** Most texts are neither, which this tells at once. */
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
 * To get a text back, remove one apostrophe from each cell that begins with one.
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
 * @returns `undefined` when it does not end after a whole row
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
