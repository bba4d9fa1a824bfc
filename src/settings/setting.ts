import * as z from "zod";

/** Names and values; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: what it is called, what it may hold and, for whoever got it wrong, an example of right. */
export interface Setting<T = unknown> {
  /** In the environment. */
  readonly name: string;
  /** Reads the text, which is `undefined` when the setting is absent. Messages are clauses about the setting. */
  readonly rule: z.ZodType<T>;
  readonly example: string;
}

/** Settings by the name that each has in the code, such as `maxShrinkPercent`. */
export type Declarations = Readonly<Record<string, Setting>>;

/** What the rules make of the texts. */
export type Values<S extends Declarations> = { readonly [Field in keyof S]: z.output<S[Field]["rule"]> };

/** One wrong setting. Never holds the value: it could be a secret that somebody pasted into the wrong line. */
export interface SettingProblem {
  readonly name: string;
  readonly problem: string;
  readonly example: string;
}

/** Declares a setting; a default is part of its rule. */
export function setting<T>(name: string, rule: z.ZodType<T>, example: string): Setting<T> {
  return { name, rule, example };
}

/** All values, or everything that is wrong with them. */
export interface Checked<S extends Declarations> {
  /** `undefined` where there are problems. */
  readonly values: Values<S> | undefined;
  readonly problems: readonly SettingProblem[];
}

/** Reads settings from the environment, where each has a name of its own. */
export function checkEnvironment<S extends Declarations>(settings: S, environment: Environment): Checked<S> {
  return check(settings, (_, { name }) => ({ name, text: environment[name] }));
}

/** Reads settings that a caller gives as options; problems call them by the names of the options. */
export function checkOptions<S extends Declarations>(
  settings: S,
  options: { readonly [Field in keyof S]?: string | undefined },
): Checked<S> {
  return check(settings, (name) => ({ name, text: options[name] }));
}

/** What a text says: blanks around it do not matter, and without anything else it counts as absent. */
export function present(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}

/** All problems in one line. */
export function inWords(problems: readonly SettingProblem[]): string {
  return problems
    .map(({ name, problem, example }) => `${name} ${problem}, for example ${example}`)
    .join("; ");
}

function check<S extends Declarations>(
  settings: S,
  given: (field: string, setting: Setting) => { readonly name: string; readonly text: string | undefined },
): Checked<S> {
  const results = Object.entries(settings).map(([field, setting]) => {
    const { name, text } = given(field, setting);
    const { data, error } = setting.rule.safeParse(present(text));
    const messages = error?.issues.map(({ message }) => message) ?? [];
    const problems = messages.map((problem) => ({ name, problem, example: setting.example }));
    return { field, data, problems };
  });
  const problems = results.flatMap((result) => result.problems);
  if (problems.length > 0) return { values: undefined, problems };
  return {
    values: Object.fromEntries(results.map(({ field, data }) => [field, data])) as Values<S>,
    problems,
  };
}

/** For a rule that finds its text to be wrong. */
export function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}
