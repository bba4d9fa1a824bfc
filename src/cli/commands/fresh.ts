import type { Command } from "commander";
import { parseAge } from "../age.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall fresh --within 26h

Reads the storage and nothing else, so any scheduler or probe can run it that
has Storage Blob Data Reader on the container. A snapshot counts if it is whole,
also if its run was killed before it could move latest.json; the age is that of
its end, by this machine's clock.

Exit codes: 0 fresh; 1 not fresh, which standard output says, or not known,
which standard error says with a code such as storage-unavailable; 2 wrong usage
or settings.`;

/** `rollcall fresh`. */
export function addFreshCommand(program: Command, terminal: Terminal): void {
  program
    .command("fresh")
    .description("tell whether the latest whole snapshot is young enough")
    .requiredOption("--within <age>", "how old it may be, such as 90m, 26h or 2d", parseAge)
    .option("--json", "print the findings as JSON")
    .addHelpText("after", HELP)
    .action(async ({ within, json }: { readonly within: number; readonly json?: boolean }) => {
      const { reportFreshness } = await import("../report-freshness.ts");
      await reportFreshness(terminal, within, json ?? false);
    });
}
