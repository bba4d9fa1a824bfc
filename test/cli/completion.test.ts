import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, describe, it } from "node:test";
import { rollcallHere } from "./rollcall-process.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** How each shell reads a script without running it; PowerShell has no such way. */
const CHECKS = { bash: ["bash", "-n"], zsh: ["zsh", "-n"], fish: ["fish", "--no-execute"] } as const;

/** Lists what bash offers for the words that are typed, the last of which is being completed. */
const OFFER = `
COMP_WORDS=("\${@:2}"); COMP_CWORD=$(($# - 2))
source "$1"; _rollcall
printf '%s\\n' "\${COMPREPLY[@]}"
`;

function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

async function script(shell: string): Promise<string> {
  const { exitCode, stdout, stderr } = await rollcallHere(["completion", shell], {});
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

/** The words of a help text that look like `--this`. */
async function optionsOf(...command: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await rollcallHere([...command, "--help"], {});
  return [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name = ""]) => name);
}

describe("rollcall completion", () => {
  let commands: readonly string[];

  before(async () => {
    const { stdout } = await rollcallHere(["--help"], {});
    commands = [...stdout.matchAll(/^ {2}([a-z]+) .*\[options\]/gm)].map(([, name = ""]) => name);
    assert.ok(commands.includes("users"));
  });

  for (const shell of SHELLS) {
    it(`knows every command and every option of each: ${shell}`, async () => {
      const text = await script(shell);
      for (const command of commands) {
        assert.match(text, new RegExp(`\\b${command}\\b`));
        // Fish has them without dashes.
        for (const option of await optionsOf(command))
          if (option !== "--version")
            assert.ok(
              text.includes(shell === "fish" ? `-l ${option.slice(2)} ` : option),
              `${command} ${option}`,
            );
      }
      assert.match(text, shell === "powershell" ? /= @\('table', 'json'/ : /['(]table json csv ndjson[')]/);
      assert.doesNotMatch(text, /--format|-l format|undefined|\$\w+\.name/);
    });
  }

  for (const [shell, [program, ...options]] of Object.entries(CHECKS)) {
    it(`is right by the shell's own syntax: ${shell}`, { skip: !isInstalled(program) }, async () => {
      await using folder = await mkdtempDisposable(path.join(tmpdir(), "rollcall-completion-"));
      const file = path.join(folder.path, "script");
      await writeFile(file, await script(shell));
      const { status, stderr } = spawnSync(program, [...options, file], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
    });
  }

  it("offers in bash what may come next", { skip: !isInstalled("bash") }, async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), "rollcall-completion-"));
    const file = path.join(folder.path, "script");
    await writeFile(file, await script("bash"));
    for (const [typed, offered] of [
      [["hi"], ["history"]],
      [["--qu"], ["--quiet"]],
      [
        ["list", "--out"],
        ["--output", "--out"],
      ],
      [
        ["list", "--output", ""],
        ["table", "json", "csv", "ndjson"],
      ],
      [["users", "--output", "nd"], ["ndjson"]],
      [["users", "--output", "=", "c"], ["csv"]],
      [
        ["users", "--output", "="],
        ["table", "json", "csv", "ndjson"],
      ],
      [["--quiet", "diff", "la"], ["latest"]],
      [["diff", "--change", "j"], ["joined"]],
      [["completion", "f"], ["fish"]],
      [["help", "rep"], ["report"]],
      // File names are bash's own affair.
      [["users", "--out", ""], []],
      [["list", "--nothing"], []],
    ] as const) {
      const { stdout, stderr } = spawnSync("bash", ["-c", OFFER, "bash", file, "rollcall", ...typed], {
        encoding: "utf8",
      });
      assert.equal(stderr, "");
      assert.deepEqual(stdout.split("\n").filter(Boolean), offered, typed.join(" "));
    }
  });

  it("knows these shells and no other", async () => {
    assert.equal((await rollcallHere(["completion", "tcsh"], {})).exitCode, 2);
    assert.equal((await rollcallHere(["completion"], {})).exitCode, 2);
  });
});
