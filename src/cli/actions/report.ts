import { readFile } from "node:fs/promises";
import path from "node:path";
import { HOUR } from "../../clock.ts";
import { makeReport } from "../../report/make-report.ts";
import { GENERATOR, renderPage } from "../../report/page.ts";
import { renderTenantsPage } from "../../report/tenants-page.ts";
import { sumInWords } from "../../words/tenant-words.ts";
import { OutputFile, unwritable } from "../output-file.ts";
import { openReadingPlace } from "../reading.ts";
import { lookAtTenants } from "../tenants-place.ts";
import type { Terminal } from "../terminal.ts";

/** A snapshot of last night is this young, as for `rollcall tenants`. */
const YOUNG_MS = 26 * HOUR;

/** Options of `rollcall report`. */
export interface ReportOptions {
  /** Absent: `rollcall-RUN.html`. */
  readonly out?: string;
  readonly last: number;
  /** About all tenants in place of one snapshot. */
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Writes a page about a snapshot. */
export async function report(
  terminal: Terminal,
  wanted: string | undefined,
  { out, last, all, json }: ReportOptions,
): Promise<void> {
  if (all) return await reportAll(terminal, out, json ?? false);
  const { snapshots } = await openReadingPlace(terminal);
  const { cwd } = terminal.io;
  // Without a name, it must be known first which run it is.
  const run = out === undefined ? (await snapshots.open(wanted)).folder.runId : wanted;
  const target = out === undefined ? await usualFile(cwd, `rollcall-${run}.html`) : path.resolve(cwd, out);
  await using file = await OutputFile.open(target);
  const report = await makeReport(snapshots, { run, last, nowMs: Date.now() });
  await file.write(renderPage(report));
  await file.publish();
  const { runId } = report.snapshot.folder;
  const runs = report.history.length;
  if (json) await terminal.printJson({ runId, users: report.facts.users, runs, file: file.path });
  else await terminal.print(`Wrote ${file.path}: run ${runId} and ${runs - 1} before it`);
}

/** Writes a page about all tenants. */
async function reportAll(terminal: Terminal, out: string | undefined, json: boolean): Promise<void> {
  const { cwd } = terminal.io;
  const target = out === undefined ? await usualFile(cwd, "rollcall-tenants.html") : path.resolve(cwd, out);
  await using file = await OutputFile.open(target);
  const { list, states } = await lookAtTenants(terminal, YOUNG_MS);
  if (list.problems.length > 0) terminal.complain(...list.problems);
  await file.write(renderTenantsPage(states, Date.now()));
  await file.publish();
  if (json) await terminal.printJson({ tenants: states.length, file: file.path });
  else await terminal.print(`Wrote ${file.path}: ${sumInWords(states)}`);
}

/**
 * A file that nobody named may replace a report, and nothing else.
 *
 * @throws {RollcallError} `output-unwritable` for a file that is no report
 */
async function usualFile(cwd: string, name: string): Promise<string> {
  const file = path.resolve(cwd, name);
  const content = await readFile(file, "utf8").catch(() => undefined);
  if (content === undefined || content.includes(GENERATOR.toString())) return file;
  throw unwritable(file, "there is a file of that name, which rollcall did not write");
}
