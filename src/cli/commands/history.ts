import { type Command, Option } from "commander";
import type { HistoryOptions } from "../actions/history.ts";
import { parseCount } from "../count.ts";
import type { Terminal } from "../terminal.ts";
import { addOutputOptions, addRangeOptions } from "./listing-options.ts";

const HELP = `
Example: rollcall history --limit 30

Reads the manifests and no parts, so a year of runs takes about a second. A run
whose manifest is damaged is shown as damaged and does not hide the others.
rollcall verify reads the parts, and tells whether the figures are theirs.

Joined, left and changed are since the run before. - means that the run does not
say: the property was not selected, or Rollcall 1, which did not count enabled
users and guests, took the snapshot. Not told are users of whom Graph says
neither; the column is shown if there are any.

Exit codes: 0 shown, also when there are none yet; 1 failed; 2 wrong usage or
settings.`;

/** `rollcall history`. */
export function addHistoryCommand(program: Command, terminal: Terminal): void {
  const history = program
    .command("history")
    .description("show users, joined, left and changed over the last snapshots");
  addRangeOptions(history, 14);
  addOutputOptions(history, "table")
    .addOption(new Option("--last <count>").argParser(parseCount).hideHelp())
    .addHelpText("after", HELP)
    .action(async (options: HistoryOptions) => {
      const { history } = await import("../actions/history.ts");
      await history(terminal, options);
    });
}
