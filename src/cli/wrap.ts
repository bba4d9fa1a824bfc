/** What terminals and mails are sure to hold. */
export const LINE_WIDTH = 80;

/** Breaks a text at its spaces. A word that is too long for a line, such as a URL, stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === "" ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** Lines of `label  text`, the texts below each other, broken to fit {@link LINE_WIDTH}. */
export function labelled(rows: readonly (readonly [label: string, text: string])[]): readonly string[] {
  const labelWidth = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.flatMap(([label, text]) => hang(`  ${label.padEnd(labelWidth)}`, text));
}

/** A text behind a lead, its further lines below the first. */
export function hang(lead: string, text: string): readonly string[] {
  const indent = " ".repeat(lead.length);
  return wrap(text, LINE_WIDTH - lead.length).map((line, index) => `${index === 0 ? lead : indent}${line}`);
}
