import { Argument, type Command } from "commander";
import { SHELLS, type Shell } from "../completion/shell.ts";
import type { Terminal } from "../terminal.ts";

const HELP = `
Example: source <(rollcall completion bash)

bash        in ~/.bashrc:  source <(rollcall completion bash)
zsh         in ~/.zshrc, after compinit:  source <(rollcall completion zsh)
fish        rollcall completion fish > ~/.config/fish/completions/rollcall.fish
powershell  in $PROFILE:
            rollcall completion powershell | Out-String | Invoke-Expression

For rollcall as a command of its own, not for npx rollcall.

Exit codes: 0 written, 1 failed, 2 wrong usage.`;

/** `rollcall completion`. */
export function addCompletionCommand(program: Command, terminal: Terminal): void {
  program
    .command("completion")
    .description("write a script that completes commands and options")
    .addArgument(new Argument("<shell>", "for which shell").choices(SHELLS))
    .addHelpText("after", HELP)
    .action(async (shell: Shell) => {
      const { completion } = await import("../actions/completion.ts");
      await completion(terminal, shell, program);
    });
}
