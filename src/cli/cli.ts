import { Command, CommanderError } from "commander";
import { asRollcallError, RollcallError } from "../error.ts";
import { VERSION } from "../version.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addDiffCommand } from "./commands/diff.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addFreshCommand } from "./commands/fresh.ts";
import { addHistoryCommand } from "./commands/history.ts";
import { addInitCommand } from "./commands/init.ts";
import { addListCommand } from "./commands/list.ts";
import { addPruneCommand } from "./commands/prune.ts";
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

/** Options that every command takes. */
interface GlobalOptions {
  readonly trustLocalSettings?: boolean;
  readonly quiet?: boolean;
  readonly progress: boolean;
}

/**
 * Runs a command.
 *
 * @param argv the arguments after `rollcall`
 * @returns the exit code; never throws
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const terminal = new Terminal(io);
  // Also for what is wrong with the arguments.
  terminal.refusesColour = argv.includes("--no-color");
  let current = new Command("rollcall");
  const program = current
    .description("A nightly, provably complete snapshot of every user in an Entra tenant.")
    .version(VERSION)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(forTerminal(text, "text")),
      // Told below, as all failures are.
      outputError: () => undefined,
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", HELP)
    .option("--quiet", "write results and errors only")
    .option("--no-progress", "show no progress on a terminal")
    .option("--no-color", "use no colour")
    .option("--trust-local-settings", "let local.settings.json name any host; read it first")
    .hook("preAction", (_, command) => {
      current = command;
      const { trustLocalSettings, quiet, progress } = program.opts<GlobalOptions>();
      terminal.tenant = command.opts().tenant;
      terminal.trustsLocalSettings = trustLocalSettings === true;
      terminal.isQuiet = quiet === true;
      terminal.hidesProgress = terminal.isQuiet || !progress;
    });
  addSnapshotCommand(program, terminal);
  addListCommand(program, terminal);
  addShowCommand(program, terminal);
  addUsersCommand(program, terminal);
  addVerifyCommand(program, terminal);
  addDiffCommand(program, terminal);
  addHistoryCommand(program, terminal);
  addReportCommand(program, terminal);
  addFreshCommand(program, terminal);
  addPruneCommand(program, terminal);
  addDoctorCommand(program, terminal);
  // The commands so far are about one tenant.
  for (const command of program.commands) command.addOption(tenantOption());
  addTenantsCommand(program, terminal);
  addInitCommand(program, terminal);
  addCompletionCommand(program, terminal);
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error) => {
      current = command;
      throw error;
    });
  }

  try {
    await program.parseAsync(argv, { from: "user" });
    return terminal.exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0;
    // Without a command, the help has been shown.
    if (thrown instanceof CommanderError && thrown.code === "commander.help") return 2;
    const { describeFailure, exitCodeOf, failureAsJson, usageError } = await import("./failure.ts");
    // Whatever failed because of the signal, the signal is the reason.
    const reason: unknown = io.signal.aborted ? io.signal.reason : thrown;
    const error =
      reason instanceof CommanderError
        ? usageError(current, reason)
        : asRollcallError(reason, `running rollcall ${current.name()}`);
    if (isForPrograms(argv)) terminal.complainJson(failureAsJson(error));
    else terminal.complain(...describeFailure(error, current));
    return exitCodeOf(error) === 2 ? 2 : terminal.failureExitCode;
  }
}

/** Whether programs read what the command writes, so that they read its error, too. What was refused may stand before that. */
function isForPrograms(argv: readonly string[]): boolean {
  return /^--(json|(output|format)[=\n](nd)?json)$/m.test(argv.join("\n"));
}

/** The error of a command that was told to stop. */
export function terminated(signalName: string): RollcallError {
  return new RollcallError("terminated", {
    doing: "running rollcall",
    problem: `it was told to stop (${signalName})`,
    remedy: "A snapshot that was being taken was not published; the last complete one stays the latest.",
  });
}
