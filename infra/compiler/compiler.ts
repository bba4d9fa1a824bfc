import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

const OTHERWISE = "Or let the variable BICEP name a bicep of the version in infra/compiler/compiler.csproj.";

/** What a program printed, and its exit code. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The Bicep compiler on this machine. */
export interface Compiler {
  /** Runs `bicep` in the folder `infra`. */
  run(...args: readonly string[]): Ended;
}

/**
 * Finds the Bicep compiler: the program that the variable BICEP names, else the pinned one, which `dotnet restore` brings
 * from NuGet as its lock file has it.
 *
 * @throws {Error} where there is neither
 */
export function findCompiler(): Compiler {
  const program = process.env.BICEP || restored();
  // The program asks for ICU, which small machines do not have, and needs it for nothing here.
  const env = { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" };
  return { run: (...args) => run(program, args, { cwd: path.dirname(FOLDER), env }) };
}

function restored(): string {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`The pinned Bicep compiler is for Linux on x64. ${OTHERWISE}`);
  }
  dotnet("restore", "--locked-mode");
  const folder = dotnet("msbuild", "-getProperty:PkgAzure_Bicep_CommandLine_linux-x64").trim();
  const program = path.join(folder, "tools", "bicep");
  chmodSync(program, 0o755);
  return program;
}

function dotnet(...args: readonly string[]): string {
  const { exitCode, stdout, stderr } = run("dotnet", [...args, "-nologo"], { cwd: FOLDER });
  if (exitCode === 0) return stdout;
  throw new Error(
    `"dotnet ${args[0]}" did not bring the Bicep compiler. Install the .NET SDK. ${OTHERWISE}\n${stdout}${stderr}`,
  );
}

function run(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Ended {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...options,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
  });
  return { exitCode: status ?? 1, stdout: stdout ?? "", stderr: stderr || (error?.message ?? "") };
}
