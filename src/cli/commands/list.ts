import { type Command, InvalidArgumentError } from "commander";
import type { ListOptions } from "../actions/list.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall list --limit 5

A snapshot whose manifest cannot be read is shown as damaged; rollcall verify
tells more.

Exit codes: 0 listed, also when there are none yet; 1 failed; 2 wrong usage or
settings.`;

/** `rollcall list`. */
export function addListCommand(program: Command, terminal: Terminal): void {
  program
    .command("list")
    .description("list the committed snapshots, newest first")
    .option("--limit <count>", "how many at most", parseLimit, 20)
    .option("--json", "print an array of JSON objects")
    .addHelpText("after", HELP)
    .action(async (options: ListOptions) => {
      const { list } = await import("../actions/list.ts");
      await list(terminal, options);
    });
}

function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}
