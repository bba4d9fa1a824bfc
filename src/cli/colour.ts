import { styleText } from "node:util";

/** What begins a line and has a colour, so that it can be found among others; what it means is said in words, too. */
const MARKS = [
  { mark: /^✓/, colour: "green" },
  { mark: /^✗/, colour: "red" },
  { mark: /^!/, colour: "yellow" },
  { mark: /^rollcall: [a-z-]+$/, colour: "red" },
] as const;

/**
 * Whether lines for people are coloured. `FORCE_COLOR` wants it anywhere, or nowhere if it is `0` or `false`; else a terminal
 * has it, unless `NO_COLOR` is set (https://no-color.org).
 */
export function hasColour(
  { isTTY = false }: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = environment;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTTY && !NO_COLOR && TERM !== "dumb";
}

/** A line with the colour of its mark, if it begins with one. */
export function coloured(line: string): string {
  for (const { mark, colour } of MARKS) {
    if (mark.test(line))
      return line.replace(mark, (text) => styleText(colour, text, { validateStream: false }));
  }
  return line;
}
