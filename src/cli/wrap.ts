import wrapAnsi from "wrap-ansi";
import { displayWidth, fitTo } from "./display-width.ts";
import { printable } from "./terminal.ts";

/** What terminals and mails are sure to hold. */
export const LINE_WIDTH = 80;

/**
 * Breaks a text at its spaces. A word that is too long for a line, such as a URL, stays whole. What could steer a
 * terminal is made visible first, so that it is measured as it is shown.
 */
export function wrap(text: string, width: number): readonly string[] {
  return text.split("\n").flatMap((paragraph) => wrapAnsi(printable(paragraph), width).split("\n"));
}

/** Lines of `label  text`, the texts below each other, broken to fit {@link LINE_WIDTH}. */
export function labelled(rows: readonly (readonly [label: string, text: string])[]): readonly string[] {
  const labelWidth = Math.max(...rows.map(([label]) => displayWidth(label))) + 2;
  return rows.flatMap(([label, text]) => hang(`  ${fitTo(label, labelWidth)}`, text));
}

/** A text behind a lead, its further lines below the first. */
export function hang(lead: string, text: string): readonly string[] {
  const width = displayWidth(lead);
  const indent = " ".repeat(width);
  return wrap(text, LINE_WIDTH - width).map((line, index) => `${index === 0 ? lead : indent}${line}`);
}
