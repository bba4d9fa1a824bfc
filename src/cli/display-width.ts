import stringWidth from "string-width";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

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
  const cut = cutTo(text, width);
  const spaces = " ".repeat(width - displayWidth(cut));
  return align === "right" ? spaces + cut : cut + spaces;
}

/** Looks no further than the cut: a value may be far longer than a line. */
function cutTo(text: string, width: number): string {
  if (text.length <= width && isAscii(text)) return text;
  let used = 0;
  let end = 0;
  for (const { segment, index } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > width) return `${text.slice(0, end)}…`;
    if (used < width) end = index + segment.length;
  }
  return text;
}

/** Almost every cell is; telling so is many times as fast as measuring. */
function isAscii(text: string): boolean {
  return !/[^ -~]/.test(text);
}
