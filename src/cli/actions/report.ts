import path from "node:path";
import { makeReport } from "../../report/make-report.ts";
import { renderPage } from "../../report/page.ts";
import { ReportFile } from "../../report/report-file.ts";
import { openReadingPlace } from "../reading.ts";
import type { Terminal } from "../terminal.ts";

/** Options of `rollcall report`. */
export interface ReportOptions {
  readonly out: string;
  readonly last: number;
  readonly json?: boolean;
}

/** Writes a page about a snapshot. */
export async function report(
  terminal: Terminal,
  wanted: string | undefined,
  { out, last, json }: ReportOptions,
): Promise<void> {
  const { snapshots } = await openReadingPlace(terminal);
  const { cwd } = terminal.io;
  await using file = await ReportFile.open(path.resolve(cwd, out));
  const report = await makeReport(snapshots, { run: wanted, last, nowMs: Date.now() });
  await file.publish(renderPage(report));
  const { runId } = report.snapshot.folder;
  const runs = report.history.length;
  if (json) await terminal.printJson({ runId, users: report.facts.users, runs, file: file.path });
  else await terminal.print(`Wrote ${file.path}: run ${runId} and ${runs - 1} before it`);
}
