import { namesOf, type OptionWords, type Vocabulary } from "./words.ts";

/** Completion for bash 3.2 and newer. What it does not know, it leaves to the completion of file names. */
export function bashCompletion({ program, options, commands }: Vocabulary): string {
  const names = commands.map(({ name }) => name);
  return `# Completion of ${program} for bash. In ~/.bashrc: source <(${program} completion bash)
_${program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' i
  # Bash takes --output=json for three words.
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join("|")}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${commands.flatMap(({ name, options: own }) => own.flatMap((option) => valueCase(name, option))).join("\n")}
  esac
  case $command in
    '') words='${[...names, ...options.flatMap(namesOf)].join(" ")}' ;;
${commands.map(({ name, options: own, values }) => `    ${name}) words='${[...values, ...own.flatMap(namesOf)].join(" ")}' ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _${program} ${program}
`;
}

function valueCase(command: string, option: OptionWords): readonly string[] {
  if (!option.value) return [];
  const pattern = namesOf(option)
    .map((name) => `'${command} ${name}'`)
    .join("|");
  const { choices } = option.value;
  const reply = choices.length > 0 ? `COMPREPLY=($(compgen -W '${choices.join(" ")}' -- "$cur")); ` : "";
  return [`    ${pattern}) ${reply}return ;;`];
}
