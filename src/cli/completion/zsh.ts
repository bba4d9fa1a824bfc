import type { OptionWords, Vocabulary } from "./words.ts";

/** Completion for zsh, to be sourced or to be put into a folder of `fpath` as `_rollcall`. */
export function zshCompletion({ program, options, commands }: Vocabulary): string {
  return `#compdef ${program}
# Completion of ${program} for zsh. In ~/.zshrc, after compinit: source <(${program} completion zsh)
_${program}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${escaped(description)}`)}`).join("\n")}
  )
  _arguments -C \\
${options.map((option) => `    ${specOf(option)} \\`).join("\n")}
    '1: :->command' \\
    '*:: :->arguments'
  case $state in
    command) _describe -t commands 'command' commands ;;
    arguments)
      case $words[1] in
${commands
  .map(
    ({ name, options: own, values }) => `        ${name})
          _arguments \\
${own.map((option) => `            ${specOf(option)} \\`).join("\n")}
            ${quoted(values.length > 0 ? `*: :(${values.join(" ")})` : "*: :")}
          ;;`,
  )
  .join("\n")}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

/** `'(-h --help)'{-h,--help}'[display help]'`. */
function specOf({ short, long, description, value }: OptionWords): string {
  const isRepeatable = description.includes("(repeatable)");
  const after = `[${escaped(description)}]${value ? `:${value.name}:${actionOf(value)}` : ""}`;
  if (short !== undefined) return `${quoted(`(${short} ${long})`)}{${short},${long}}${quoted(after)}`;
  // With "=" the value may be the next word or stand behind that sign.
  return quoted(`${isRepeatable ? "*" : ""}${long}${value ? "=" : ""}${after}`);
}

function actionOf({ choices, isFile }: NonNullable<OptionWords["value"]>): string {
  if (isFile) return "_files";
  return choices.length > 0 ? `(${choices.join(" ")})` : " ";
}

function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, "\\$&");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
