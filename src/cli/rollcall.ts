#!/usr/bin/env node
import process from "node:process";
import { runCli, terminated } from "./cli.ts";

const stop = new AbortController();
// A closed terminal tells so more than once: by the kernel and by the shell.
process.on("SIGHUP", () => stop.abort(terminated("SIGHUP")));
// Once: a second Ctrl-C ends the process at once.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(terminated(name)));

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  cwd: process.cwd(),
  signal: stop.signal,
});
// A reader who has stopped reading without closing its end would keep the process for ever.
if (stop.signal.aborted) process.exit();
