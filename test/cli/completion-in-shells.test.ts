import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { rollcallHere } from "./rollcall-process.ts";

/** What is typed, and what every shell offers then. Bash has its own test: it is given words instead of a line. */
const OFFERS = [
  ["rollcall hi", ["history"]],
  ["rollcall --qu", ["--quiet"]],
  ["rollcall --quiet li", ["list"]],
  ["rollcall list --out", ["--out", "--output"]],
  ["rollcall list --output ", ["csv", "json", "ndjson", "table"]],
  ["rollcall users --output nd", ["ndjson"]],
  ["rollcall users --output=c", ["csv"]],
  ["rollcall users --output=", ["csv", "json", "ndjson", "table"]],
  ["rollcall --quiet diff la", ["latest"]],
  ["rollcall diff --change j", ["joined"]],
  ["rollcall list --limit 5 --si", ["--since"]],
  ["rollcall users --where department=list --o", ["--out", "--output"]],
  ["rollcall prune --keep-m", ["--keep-monthly"]],
  ["rollcall completion f", ["fish"]],
  ["rollcall help rep", ["report"]],
  ["rollcall list --nothing", []],
  ["rollcall users --out sta", ["stated"]],
] as const;

const FISH = `source script
for line in $argv
  echo "> $line"
  complete -C $line | cut -f 1
end`;

const POWERSHELL = `Get-Content -Raw script | Invoke-Expression
foreach ($line in $args) {
  "> $line"
  [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches |
    ForEach-Object CompletionText
}`;

/** A zsh in a terminal of its own, which tells what its completion was about to offer. */
const ZSH = `zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'PROMPT=; unsetopt beep; autoload -U compinit; compinit -u -D; source ./script'
zpty -w inner 'compadd() {
  local -a offered
  if [[ "$*" != *-[OAD]\\ * ]]; then
    builtin compadd -A offered "$@"
    print -rl -- $offered
  fi
  builtin compadd "$@"
}
tell() { print; print FROM-HERE; zle complete-word; print; print TO-HERE; zle kill-whole-line }
zle -N tell
bindkey "^T" tell
print READY-"NOW"'
zpty -r inner output $'*READY-NOW*'
for line; do
  print -r -- "> $line"
  zpty -w -n inner "$line"$'\\C-T'
  zpty -r inner output $'*TO-HERE*'
  print -r -- "$output" | tr -d '\\r' | sed '1,/FROM-HERE/d; /TO-HERE/d'
done`;

const SHELLS = [
  { shell: "fish", program: "fish", options: ["--no-config", "offers"], offers: FISH },
  { shell: "zsh", program: "zsh", options: ["-f", "offers"], offers: ZSH },
  {
    shell: "powershell",
    program: "pwsh",
    options: ["-NoProfile", "-File", "offers.ps1"],
    offers: POWERSHELL,
  },
] as const;

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

/** Runs a shell that completes each line. */
async function offersOf({ shell, program, options, offers }: (typeof SHELLS)[number]): Promise<string> {
  const { stdout: script } = await rollcallHere(["completion", shell], {});
  await using folder = await mkdtempDisposable(path.join(tmpdir(), "rollcall-completion-"));
  await writeFile(path.join(folder.path, "script"), script);
  await writeFile(path.join(folder.path, "stated"), "");
  await writeFile(path.join(folder.path, options.at(-1) ?? ""), offers);
  const lines = OFFERS.map(([line]) => line);
  const { stdout, stderr, status } = spawnSync(program, [...options, ...lines], {
    cwd: folder.path,
    env: { ...process.env, HOME: folder.path, TERM: "dumb", NO_COLOR: "1" },
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  return stdout;
}

/** What was offered for each line, without what the shell puts around it. */
function told(output: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    output
      .split(/^> /m)
      .slice(1)
      .map((block) => {
        const [line = "", ...offered] = block.split("\n");
        const names = offered.map((word) => word.replace(/^(--output=|\.\/)/, "")).filter(Boolean);
        return [line, [...new Set(names)].sort()] as const;
      }),
  );
}

describe("rollcall completion, in the shell", () => {
  for (const shell of SHELLS) {
    it(`offers what may come next: ${shell.shell}`, { skip: !isInstalled(shell.program) }, async () => {
      const offered = told(await offersOf(shell));
      for (const [line, wanted] of OFFERS) assert.deepEqual(offered.get(line), wanted, line);
    });
  }
});
