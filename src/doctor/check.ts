import { asRollcallError, describeAnswer } from "../error.ts";
import { SettingsError } from "../settings/settings.ts";

/** What one check found. */
export interface CheckResult {
  /** What was checked, one word. */
  readonly check: string;
  /** A warning is not a fault yet. A check is skipped when it needs one that failed. */
  readonly status: "ok" | "warning" | "failed" | "skipped";
  /** What was found; for a failure, what was tried and what happened. Holds no secret. */
  readonly detail: string;
  /** What to do; absent when there is nothing to do. */
  readonly remedy?: string;
}

/** A check that did not fail. */
export interface Passed {
  readonly detail: string;
  /** What to do; makes the result a warning. */
  readonly advice?: string | undefined;
}

/** A check that did not fail, and on which later ones build. */
export interface PassedWith<T> extends Passed {
  /** What later checks need from this one. */
  readonly value: T;
}

type Outcome<T> = Passed & Partial<PassedWith<T>>;

/**
 * Runs one check and yields its result.
 *
 * @param needs the values of earlier checks, by their names; the check is skipped when one of them is `undefined`
 * @returns the check's value; `undefined` when it has none, failed or was skipped
 */
export async function* attempt<Needs extends object, T extends object>(
  check: string,
  needs: { readonly [Name in keyof Needs]: Needs[Name] | undefined },
  run: (needs: Needs) => Promise<Outcome<T>> | Outcome<T>,
): AsyncGenerator<CheckResult, T | undefined, undefined> {
  const missing = Object.entries(needs).filter(([, value]) => value === undefined);
  if (missing.length > 0) {
    yield { check, status: "skipped", detail: `needs ${missing.map(([name]) => name).join(" and ")}` };
    return undefined;
  }
  const outcome = await passedOrFailed(check, () => run(needs as Needs));
  if ("status" in outcome) {
    yield outcome;
    return undefined;
  }
  const { detail, value, advice } = outcome;
  yield advice === undefined
    ? { check, status: "ok", detail }
    : { check, status: "warning", detail, remedy: advice };
  return value;
}

async function passedOrFailed<T>(
  check: string,
  run: () => Promise<Outcome<T>> | Outcome<T>,
): Promise<Outcome<T> | CheckResult> {
  try {
    return await run();
  } catch (thrown) {
    const error = asRollcallError(thrown, `checking the ${check}`);
    const said = error.answer ? ` (Azure said ${describeAnswer(error.answer)})` : "";
    const detail =
      error instanceof SettingsError
        ? error.problems
            .map(({ name, problem, example }) => `${name} ${problem}, for example ${example}`)
            .join("\n")
        : `${error.doing}: ${error.problem}${said}`;
    return { check, status: "failed", detail, remedy: error.remedy };
  }
}
