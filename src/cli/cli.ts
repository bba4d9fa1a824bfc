import { Command, CommanderError } from "commander";
import { asRollcallError, RollcallError } from "../error.ts";
import { VERSION } from "../version.ts";
import { addDiffCommand } from "./commands/diff.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addHistoryCommand } from "./commands/history.ts";
import { addListCommand } from "./commands/list.ts";
import { addReportCommand } from "./commands/report.ts";
import { addShowCommand } from "./commands/show.ts";
import { addSnapshotCommand } from "./commands/snapshot.ts";
import { addTenantsCommand } from "./commands/tenants.ts";
import { addUsersCommand } from "./commands/users.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import { tenantOption } from "./tenant-option.ts";
import { type CliIo, forTerminal, Terminal } from "./terminal.ts";

const HELP = `
Settings come from the environment. If it has no ROLLCALL_* at all, they come
from "Values" in local.settings.json in this folder.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings.`;

/**
 * Runs a command.
 *
 * @param argv the arguments after `rollcall`
 * @returns the exit code; never throws
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const terminal = new Terminal(io);
  let current = new Command("rollcall");
  const program = current
    .description("A nightly, provably complete snapshot of every user in an Entra tenant.")
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(forTerminal(text, "text")),
    })
    .addHelpText("after", HELP)
    .option("--trust-local-settings", "let local.settings.json name any host; read it first")
    .hook("preAction", (_, command) => {
      current = command;
      terminal.tenant = command.opts().tenant;
      terminal.trustsLocalSettings = program.opts().trustLocalSettings === true;
    });
  addSnapshotCommand(program, terminal);
  addListCommand(program, terminal);
  addShowCommand(program, terminal);
  addUsersCommand(program, terminal);
  addVerifyCommand(program, terminal);
  addDiffCommand(program, terminal);
  addHistoryCommand(program, terminal);
  addReportCommand(program, terminal);
  addDoctorCommand(program, terminal);
  for (const command of program.commands) command.addOption(tenantOption());
  addTenantsCommand(program, terminal);

  try {
    await program.parseAsync(argv, { from: "user" });
    return terminal.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    // Whatever failed because of the signal, the signal is the reason.
    const reason: unknown = io.signal.aborted ? io.signal.reason : thrown;
    const error = asRollcallError(reason, `running rollcall ${current.name()}`);
    const { describeFailure, exitCodeOf, failureAsJson } = await import("./failure.ts");
    if (current.opts().json) terminal.complainJson(failureAsJson(error));
    else terminal.complain(...describeFailure(error, `Usage: ${current.createHelp().commandUsage(current)}`));
    return exitCodeOf(error) === 2 ? 2 : terminal.failureExitCode;
  }
}

/** The error of a command that was told to stop. */
export function terminated(signalName: string): RollcallError {
  return new RollcallError("terminated", {
    doing: "running rollcall",
    problem: `it was told to stop (${signalName})`,
    remedy: "A snapshot that was being taken was not published; the last complete one stays the latest.",
  });
}
