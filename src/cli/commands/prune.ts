import type { Command } from "commander";
import type { PruneOptions } from "../actions/prune.ts";
import { parseKeptCount } from "../keep-option.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall prune --keep-daily 30 --keep-monthly 12

Shows what it would delete; with --yes it deletes. Each rule keeps the newest
snapshot of each of the last days, ISO weeks, months or years (UTC) that have
one; a snapshot stays if any rule keeps it. The latest always stays, and so does
one that is damaged or misdated. Folders of failed runs go once they are a day
old. Without a rule, those of ROLLCALL_KEEP apply.

Of a snapshot that is pruned, the manifest is left as manifest.pruned.json, and
its signature: rollcall verify --chain follows the links through it.

Needs Storage Blob Data Contributor on the container. With --yes it takes the
lock, so that no run is at work meanwhile.

Exit codes: 0 shown, or all of it deleted; 1 failed, or the storage did not let
something go; 2 wrong usage or settings, also without any rule.`;

/** `rollcall prune`. */
export function addPruneCommand(program: Command, terminal: Terminal): void {
  program
    .command("prune")
    .description("delete old snapshots by rules, and what failed runs left")
    .option("--keep-last <count>", "keep the newest snapshots", parseKeptCount)
    .option("--keep-daily <count>", "keep the newest of each of the last days", parseKeptCount)
    .option("--keep-weekly <count>", "keep the newest of each of the last weeks", parseKeptCount)
    .option("--keep-monthly <count>", "keep the newest of each of the last months", parseKeptCount)
    .option("--keep-yearly <count>", "keep the newest of each of the last years", parseKeptCount)
    .option("--yes", "delete, instead of showing what would be deleted")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", HELP)
    .action(async (options: PruneOptions, command: Command) => {
      const { prune } = await import("../actions/prune.ts");
      await prune(terminal, options, command);
    });
}
