import { type Command, Option } from "commander";
import type { ReportOptions } from "../actions/report.ts";
import { parseCount } from "../count.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall report --out report.html

Without --out the file is rollcall-RUN.html in this folder, with --all
rollcall-tenants.html. There it replaces only a page that rollcall wrote.

RUN is latest, a run id, or the beginning of one that no other run shares. The
page needs no network and no script. It names people: some who joined, left or
changed, and some whose accounts should be looked through. Only its owner may
read a new file.

Reads the run whole and checks each part's SHA-256. Of the runs before it only
the manifests are read; one that is damaged is shown as damaged. The file
appears, or replaces another, only when it is complete.

--all looks at the latest snapshot of each tenant, as rollcall tenants does.

Exit codes: 0 written; 1 no such run or damaged, or the file cannot be written;
2 wrong usage or settings.`;

/** `rollcall report`. */
export function addReportCommand(program: Command, terminal: Terminal): void {
  program
    .command("report")
    .description("write a snapshot and the runs before it as a page for people")
    .argument("[run]", "which run (default: the latest)")
    .option("--out <file>", "the file to write (default: rollcall-RUN.html)")
    .option("--all", "all tenants of ROLLCALL_TENANTS, a row for each, in place of one snapshot")
    .option("--limit <count>", "how many runs at most, the newest", parseCount, 14)
    .addOption(new Option("--last <count>").argParser(parseCount).hideHelp())
    .option("--json", "print what was written as JSON")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined, options: ReportOptions, command: Command) => {
      if (options.all && (run !== undefined || terminal.tenant !== undefined)) {
        command.error("--all is about all tenants, and goes with neither a run nor --tenant");
      }
      const { report } = await import("../actions/report.ts");
      await report(terminal, run, options);
    });
}
