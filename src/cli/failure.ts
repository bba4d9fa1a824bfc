import { describeAnswer, type RollcallError } from "../error.ts";
import { SettingsError } from "../settings.ts";
import { hang, labelled } from "./wrap.ts";

/** What a failed command exits with: 2 for what the caller got wrong before anything was asked, else 1. */
export function exitCodeOf(error: RollcallError): 1 | 2 {
  return error instanceof SettingsError ? 2 : 1;
}

/**
 * An error for the person on call: what, Azure's answer, what to do next.
 *
 * @param usage shown with wrong settings
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
