import type { Command } from "commander";
import { openSnapshot, userLines } from "../../snapshot/reader.ts";
import { openReadingPlace } from "../reading.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: rollcall users | jq -r .userPrincipalName

RUN is a run's id or its beginning, if only one run begins so. A part's SHA-256
is checked before any of its users is written.

Exit codes: 0 all users written, or the reader closed the pipe; 1 no such run or
damaged: what was written is not all; 2 wrong usage or settings.`;

/** `rollcall users`. */
export function addUsersCommand(program: Command, terminal: Terminal): void {
  program
    .command("users")
    .description("write the users of a snapshot as JSON lines")
    .argument("[run]", "which run (default: the latest)")
    .option("--json", "as without it: the users are JSON; errors too, then")
    .addHelpText("after", HELP)
    .action(async (run: string | undefined) => {
      const { container, tenantId } = await openReadingPlace(terminal.io);
      const snapshot = await openSnapshot(container, tenantId, run);
      for await (const lines of userLines(container, snapshot)) {
        terminal.io.signal.throwIfAborted();
        if (!(await terminal.write(`${lines.join("\n")}\n`))) return;
      }
    });
}
