import type { Command } from "commander";
import type { ShowOptions } from "../actions/show.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall show 20261122

RUN is latest, a run id, or the beginning of one that no other run shares. The
manifest is checked against latest.json, and each part for its length; rollcall
verify reads the parts, and checks the signature.

Exit codes: 0 shown, 1 no such run or damaged, 2 wrong usage or settings.`;

/** `rollcall show`. */
export function addShowCommand(program: Command, terminal: Terminal): void {
  program
    .command("show")
    .description("show the manifest of a snapshot")
    .argument("[run]", "which run (default: the latest)")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined, options: ShowOptions) => {
      const { show } = await import("../actions/show.ts");
      await show(terminal, run, options);
    });
}
