import stringWidth from "string-width";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const knownWidths = new Map<string, number>();

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  return isAscii(text) ? text.length : stringWidth(text);
}

/**
 * A text in exactly so many columns: filled with spaces, or cut between two characters as people see them, with an
 * ellipsis in place of the rest.
 *
 * @param text on one line, without control characters
 */
export function fitTo(text: string, width: number, align: "left" | "right" = "left"): string {
  const own = displayWidth(text);
  const [cut, used] = own <= width ? [text, own] : cutTo(text, width);
  const spaces = " ".repeat(width - used);
  return align === "right" ? spaces + cut : cut + spaces;
}

/** A text that is too wide, cut, and its width then. */
function cutTo(text: string, width: number): readonly [cut: string, width: number] {
  if (isAscii(text)) return [`${text.slice(0, width - 1)}…`, width];
  let used = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    const next = used + graphemeWidth(segment);
    if (next > width - 1) return [`${text.slice(0, index)}…`, used + 1];
    used = next;
  }
  return [text, used];
}

/** Measuring one is slow, and the same ones come again and again. Those of more than one code unit are rare. */
function graphemeWidth(grapheme: string): number {
  if (grapheme.length > 1) return stringWidth(grapheme);
  const known = knownWidths.get(grapheme);
  if (known !== undefined) return known;
  const width = stringWidth(grapheme);
  knownWidths.set(grapheme, width);
  return width;
}

/** Almost every cell is: telling so takes a small part of the time that measuring takes. */
function isAscii(text: string): boolean {
  return !/[^ -~]/.test(text);
}
