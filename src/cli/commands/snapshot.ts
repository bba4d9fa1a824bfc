import type { Command } from "commander";
import type { SnapshotOptions } from "../actions/snapshot.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall snapshot

Exit codes: 0 committed; 1 failed, nothing published; 2 wrong usage or settings.`;

/** `rollcall snapshot`. */
export function addSnapshotCommand(program: Command, terminal: Terminal): void {
  program
    .command("snapshot")
    .description("take a snapshot now")
    .option("--accept-shrink", "publish even a list much smaller than the last one, this once")
    .option("--accept-unsigned", "build even on a snapshot that is not signed, this once")
    .option("--json", "print the manifest as JSON")
    .addHelpText("after", HELP)
    .action(async (options: SnapshotOptions) => {
      const { snapshot } = await import("../actions/snapshot.ts");
      await snapshot(terminal, options);
    });
}
