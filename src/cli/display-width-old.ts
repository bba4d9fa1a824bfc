const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Chinese, Japanese, Korean, full-width forms and emoji take two columns of a terminal. */
const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F900}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** A text in exactly so many columns: filled with spaces, or cut, with an ellipsis where it was. */
export function fitTo(text: string, width: number): string {
  const own = displayWidth(text);
  if (own <= width) return text + " ".repeat(width - own);
  let cut = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = displayWidth(segment);
    if (used + next > width - 1) break;
    cut += segment;
    used += next;
  }
  return `${cut}…${" ".repeat(width - 1 - used)}`;
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
