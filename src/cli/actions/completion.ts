import type { Command } from "commander";
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { powershellCompletion } from "../completion/powershell.ts";
import type { Shell } from "../completion/shell.ts";
import { vocabularyOf } from "../completion/words.ts";
import { zshCompletion } from "../completion/zsh.ts";
import type { Terminal } from "../terminal.ts";

const SCRIPTS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
} as const;

/** Writes the script that completes the commands of a program. */
export async function completion(terminal: Terminal, shell: Shell, program: Command): Promise<void> {
  await terminal.write(SCRIPTS[shell](vocabularyOf(program)));
}
