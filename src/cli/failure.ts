import { describeAnswer, type RollcallError } from "../error.ts";
import { SettingsError } from "../settings/settings.ts";
import { hang, labelled } from "./wrap.ts";

/** The exit code of a failed command: 2 for wrong settings, else 1. */
export function exitCodeOf(error: RollcallError): 1 | 2 {
  return error instanceof SettingsError ? 2 : 1;
}

/**
 * An error for the person on call: what failed, what Azure answered, what to do next.
 *
 * @param usage shown when settings are wrong
 */
export function describeFailure(error: RollcallError, usage: string): readonly string[] {
  const heading = `rollcall: ${error.code}`;
  if (error instanceof SettingsError) {
    return [
      heading,
      ...error.problems.map(({ name, problem, example }) => `  ${name} ${problem}, for example ${example}`),
      ...hang("  ", error.remedy),
      usage,
    ];
  }
  const { doing, problem, answer, remedy } = error;
  return [
    heading,
    ...labelled([
      ["what", `${doing}: ${problem}.`],
      ...(answer ? [["Azure said", describeAnswer(answer)] as const] : []),
      ["do next", remedy],
    ]),
  ];
}

/** An error for programs: one JSON object on one line. */
export function failureAsJson(error: RollcallError): string {
  const problems = error instanceof SettingsError ? { problems: error.problems } : {};
  return JSON.stringify({ ...error.toJSON(), ...problems });
}
