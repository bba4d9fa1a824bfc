import path from "node:path";
import { HOUR } from "../../clock.ts";
import { makeReport } from "../../report/make-report.ts";
import { renderPage } from "../../report/page.ts";
import { ReportFile } from "../../report/report-file.ts";
import { renderTenantsPage } from "../../report/tenants-page.ts";
import { sumInWords } from "../../words/tenant-words.ts";
import { openReadingPlace } from "../reading.ts";
import { lookAtTenants } from "../tenants-place.ts";
import type { Terminal } from "../terminal.ts";

/** A snapshot of last night is this young, as for `rollcall tenants`. */
const YOUNG_MS = 26 * HOUR;

/** Options of `rollcall report`. */
export interface ReportOptions {
  readonly out: string;
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
  await using file = await ReportFile.open(path.resolve(cwd, out));
  const report = await makeReport(snapshots, { run: wanted, last, nowMs: Date.now() });
  await file.publish(renderPage(report));
  const { runId } = report.snapshot.folder;
  const runs = report.history.length;
  if (json) await terminal.printJson({ runId, users: report.facts.users, runs, file: file.path });
  else await terminal.print(`Wrote ${file.path}: run ${runId} and ${runs - 1} before it`);
}

/** Writes a page about all tenants. */
async function reportAll(terminal: Terminal, out: string, json: boolean): Promise<void> {
  await using file = await ReportFile.open(path.resolve(terminal.io.cwd, out));
  const { list, states } = await lookAtTenants(terminal, YOUNG_MS);
  if (list.problems.length > 0) terminal.complain(...list.problems);
  await file.publish(renderTenantsPage(states, Date.now()));
  if (json) await terminal.printJson({ tenants: states.length, file: file.path });
  else await terminal.print(`Wrote ${file.path}: ${sumInWords(states)}`);
}
