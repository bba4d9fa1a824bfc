import process from "node:process";
import { asRollcallError } from "../error.ts";
import { runCli, terminated } from "./cli.ts";
import { printable } from "./terminal.ts";

const stop = new AbortController();
// A closed terminal tells so more than once: by the kernel and by the shell.
process.on("SIGHUP", () => stop.abort(terminated("SIGHUP")));
// Once: a second Ctrl-C ends the process at once.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(terminated(name)));
// Node would print such an error as it is, and an SDK's holds the request with its token.
let isFailing = false;
process.on("uncaughtException", (thrown) => {
  if (!isFailing) void failWith(thrown);
  isFailing = true;
});

process.exitCode = await runCli(process.argv.slice(2), {
  // Opened when it is asked for: a command that asks nothing leaves it alone.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
});
// A reader who has stopped reading without closing its end would keep the process for ever.
if (stop.signal.aborted) process.exit();

/** Ends the process with the first error that nobody caught; what fails after it is its consequence. */
async function failWith(thrown: unknown): Promise<never> {
  process.exitCode = 1;
  const { describeFailure } = await import("./failure.ts");
  const lines = describeFailure(asRollcallError(thrown, "running rollcall"));
  process.stderr.write(lines.map((line) => `${printable(line)}\n`).join(""));
  process.exit(1);
}
