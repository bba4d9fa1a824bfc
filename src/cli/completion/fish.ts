import type { OptionWords, Vocabulary } from "./words.ts";

/** Completion for fish. */
export function fishCompletion({ program, options, commands }: Vocabulary): string {
  const complete = (condition: string, ...words: readonly string[]) =>
    `complete -c ${program} -n ${quoted(condition)} ${words.join(" ")}`;
  const first = "__fish_use_subcommand";
  return [
    `# Completion of ${program} for fish: ${program} completion fish > ~/.config/fish/completions/${program}.fish`,
    `complete -c ${program} -f`,
    ...commands.map(({ name, description }) => complete(first, `-a ${name}`, `-d ${quoted(description)}`)),
    ...options.map((option) => complete(first, ...wordsOf(option))),
    ...commands.flatMap(({ name, options: own, values }) => {
      const after = `__fish_seen_subcommand_from ${name}`;
      return [
        ...(values.length > 0 ? [complete(after, `-a ${quoted(values.join(" "))}`)] : []),
        ...own.map((option) => complete(after, ...wordsOf(option))),
      ];
    }),
    "",
  ].join("\n");
}

function wordsOf({ short, long, description, value }: OptionWords): readonly string[] {
  return [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value ? [value.isFile ? "-r -F" : "-x"] : []),
    ...(value && value.choices.length > 0 ? [`-a ${quoted(value.choices.join(" "))}`] : []),
    `-d ${quoted(description)}`,
  ];
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
