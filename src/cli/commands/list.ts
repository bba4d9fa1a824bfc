import type { Command } from "commander";
import type { ListOptions } from "../actions/list.ts";
import type { Terminal } from "../terminal.ts";
import { addOutputOptions, addRangeOptions } from "./listing-options.ts";

const HELP = `
Example: rollcall list --since 2026-11-01 --limit 5

A snapshot whose manifest cannot be read is shown as damaged; rollcall verify
tells more.

Exit codes: 0 listed, also when there are none yet; 1 failed; 2 wrong usage or
settings.`;

/** `rollcall list`. */
export function addListCommand(program: Command, terminal: Terminal): void {
  const list = program.command("list").description("list the committed snapshots, newest first");
  addRangeOptions(list, 20);
  addOutputOptions(list, "table")
    .addHelpText("after", HELP)
    .action(async (options: ListOptions) => {
      const { list } = await import("../actions/list.ts");
      await list(terminal, options);
    });
}
