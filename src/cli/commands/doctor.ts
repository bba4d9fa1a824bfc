import type { Command } from "commander";
import type { DoctorOptions } from "../actions/doctor.ts";
import { parseAge } from "../age.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall doctor

Publishes nothing. Creates the container if it is missing, writes a small blob
there and deletes it. Wrong settings are a failed check.

--freshness 26h checks nothing but the storage, as rollcall fresh --within 26h.

Exit codes: 0 a run has what it needs, perhaps with warnings, or the snapshot is
fresh; 1 it does not, or is not; 2 wrong usage.`;

/** `rollcall doctor`. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command("doctor")
    .description("check one by one what a run needs")
    .option("--freshness <age>", "only ask whether the latest snapshot is younger, such as 26h", parseAge)
    .option("--json", "print an array of JSON objects")
    .addHelpText("after", HELP)
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import("../actions/doctor.ts");
      await doctor(terminal, options);
    });
}
