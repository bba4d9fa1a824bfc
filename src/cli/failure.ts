import type { Command, CommanderError } from "commander";
import { describeAnswer, RollcallError } from "../error.ts";
import { type SettingProblem, SettingsError } from "../settings/settings.ts";
import { hang, labelled } from "./wrap.ts";

/** The exit code of a failed command: 2 for wrong usage or settings, else 1. */
export function exitCodeOf({ code }: RollcallError): 1 | 2 {
  return code === "usage-invalid" || code === "settings-invalid" ? 2 : 1;
}

/** The error for arguments that commander, or an action by `command.error`, refuses. */
export function usageError(command: Command, { message }: CommanderError): RollcallError {
  const name = commandName(command);
  return new RollcallError("usage-invalid", {
    doing: `reading the arguments of ${name}`,
    // In commander's words, which begin with "error: " and may ask "(Did you mean list?)" on a second line.
    problem: message
      .replace(/^error: /, "")
      .replaceAll("\n", " ")
      .replace(/\.$/, ""),
    remedy: `\`${name} --help\` shows what there is.`,
  });
}

/** An error for the person on call: what failed, what Azure answered, what to do next; for wrong usage how it is right. */
export function describeFailure(error: RollcallError, command?: Command): readonly string[] {
  const isUsage = exitCodeOf(error) === 2 && command !== undefined;
  return [
    `rollcall: ${error.code}`,
    ...(error instanceof SettingsError
      ? [...error.problems.flatMap(settingLines), ...hang("  ", error.remedy)]
      : failureLines(error)),
    ...(isUsage ? [`Usage: ${command.createHelp().commandUsage(command)}`] : []),
  ];
}

/** An error for programs: one JSON object on one line. */
export function failureAsJson(error: RollcallError): string {
  const problems = error instanceof SettingsError ? { problems: error.problems } : {};
  return JSON.stringify({ ...error.toJSON(), ...problems });
}

function settingLines({ name, problem, example }: SettingProblem): readonly string[] {
  const [first = "", ...others] = hang("    ", `${name} ${problem}, for example ${example}`);
  return [first.slice(2), ...others];
}

function failureLines({ code, doing, problem, answer, remedy }: RollcallError): readonly string[] {
  // Whoever typed it knows what was being done.
  const what = code === "usage-invalid" ? problem : `${doing}: ${problem}`;
  return labelled([
    // A question has its mark already.
    ["what", what.endsWith("?") ? what : `${what}.`],
    ...(answer ? [["Azure said", describeAnswer(answer)] as const] : []),
    ["do next", remedy],
  ]);
}

function commandName(command: Command): string {
  return command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
}
