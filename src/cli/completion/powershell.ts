import { namesOf, type OptionWords, type Vocabulary } from "./words.ts";

/** Completion for PowerShell. What it does not know, it leaves to the completion of file names. */
export function powershellCompletion({ program, options, commands }: Vocabulary): string {
  const words = new Map([
    ["", [...commands.map(({ name, description }) => [name, description] as const), ...described(options)]],
    ...commands.map(
      ({ name, options: own, values }) =>
        [name, [...values.map((value) => [value, value] as const), ...described(own)]] as const,
    ),
  ]);
  const values = commands.flatMap(({ name, options: own }) =>
    own.flatMap((option) => {
      const { value } = option;
      if (!value) return [];
      const list = value.choices.map(quoted).join(", ");
      return namesOf(option).map((flag) => `    ${quoted(`${name} ${flag}`)} = @(${list})`);
    }),
  );
  return `# Completion of ${program} for PowerShell. In $PROFILE: ${program} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @{
${[...words].map(([name, entries]) => `    ${quoted(name)} = [ordered]@{\n${entries.map(([word, tip]) => `      ${quoted(word)} = ${quoted(tip)}`).join("\n")}\n    }`).join("\n")}
  }
  $values = @{
${values.join("\n")}
  }
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  # A string even of nothing: [string] would leave $null of an empty pipeline, which is no key.
  $command = "$($typed | Where-Object { $words.ContainsKey($_) } | Select-Object -First 1)"
  $last = if ($typed.Count -gt 0) { $typed[-1] } else { '' }
  # --output=json is one word.
  $before = ''
  if ($wordToComplete -match '^(--[a-z-]+)=') {
    $last = $Matches[1]
    $before = $Matches[0]
  }
  $key = "$command $last"
  $tips = $words[$command]
  $candidates = if ($values.ContainsKey($key)) { $values[$key] } elseif ($before -eq '') { $tips.Keys } else { @() }
  $typedPart = $wordToComplete.Substring($before.Length)
  $candidates | Where-Object { $_.StartsWith($typedPart, 'OrdinalIgnoreCase') } | ForEach-Object {
    $tip = if ($values.ContainsKey($key)) { $_ } else { $tips[$_] }
    [System.Management.Automation.CompletionResult]::new("$before$_", $_, 'ParameterValue', $tip)
  }
}
`;
}

function described(options: readonly OptionWords[]) {
  return options.flatMap((option) => namesOf(option).map((name) => [name, option.description] as const));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
