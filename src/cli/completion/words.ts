import type { Argument, Command, Option } from "commander";

/** What can be typed after `rollcall`, for the scripts that complete it. */
export interface Vocabulary {
  /** The program's name. */
  readonly program: string;
  /** Options that may stand before a command. */
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

/** A command. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  /** Its own, and those that every command takes. */
  readonly options: readonly OptionWords[];
  /** What its arguments may be, as far as that is known. */
  readonly values: readonly string[];
}

/** An option. */
export interface OptionWords {
  /** `-h`, where it has a short name. */
  readonly short?: string | undefined;
  /** `--help`. */
  readonly long: string;
  readonly description: string;
  /** Absent: it takes none. */
  readonly value?: ValueWords;
}

/** What an option takes. */
export interface ValueWords {
  /** `format`. */
  readonly name: string;
  /** All that it may be; none where that is not known. */
  readonly choices: readonly string[];
  readonly isFile: boolean;
}

/** Names of the arguments that are a run. */
const RUNS = ["run", "from", "to"];

/** Reads it from the commands as they are declared; what is hidden there stays hidden. */
export function vocabularyOf(program: Command): Vocabulary {
  const help = program.createHelp();
  const options = help.visibleOptions(program).map(wordsOf);
  const everywhere = options.filter(({ long }) => long !== "--version" && long !== "--help");
  const commands = help.visibleCommands(program);
  const names = commands.map((command) => command.name());
  return {
    program: program.name(),
    options,
    commands: commands.map((command) => ({
      name: command.name(),
      description: command.description(),
      options: [...help.visibleOptions(command).map(wordsOf), ...everywhere],
      values: [...new Set(command.registeredArguments.flatMap((argument) => valuesOf(argument, names)))],
    })),
  };
}

function valuesOf(argument: Argument, commands: readonly string[]): readonly string[] {
  if (RUNS.includes(argument.name())) return ["latest"];
  return argument.name() === "command" ? commands : (argument.argChoices ?? []);
}

function wordsOf({ short, long = "", flags, description, argChoices = [], required }: Option): OptionWords {
  if (!required) return { short, long, description };
  const [, name = "value"] = /<([^>]+)>/.exec(flags) ?? [];
  return { short, long, description, value: { name, choices: argChoices, isFile: name === "file" } };
}

/** Both names of an option. */
export function namesOf({ short, long }: OptionWords): readonly string[] {
  return short === undefined ? [long] : [short, long];
}
