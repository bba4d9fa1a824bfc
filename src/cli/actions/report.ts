import { readFile } from "node:fs/promises";
import path from "node:path";
import { YOUNG_MS } from "../../archive/snapshots.ts";
import { findAttention } from "../../report/attention/attention.ts";
import { makeReport } from "../../report/make-report.ts";
import { GENERATOR } from "../../report/markup/document.ts";
import { renderPage } from "../../report/page.ts";
import { renderTenantsPage } from "../../report/tenants-page.ts";
import { sumInWords } from "../../words/tenant-words.ts";
import { OutputFile, unwritable } from "../output-file.ts";
import { openReadingPlace } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import { lookAtTenants } from "../tenants-place.ts";
import type { Terminal } from "../terminal.ts";

/** Options of `rollcall report`. */
export interface ReportOptions {
  /** Absent: `rollcall-RUN.html`. */
  readonly out?: string;
  readonly limit: number;
  /** As `limit`, its former name. */
  readonly last?: number;
  /** About all tenants in place of one snapshot. */
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Writes a page about a snapshot. */
export async function report(
  terminal: Terminal,
  wanted: string | undefined,
  { out, limit, last = limit, all, json }: ReportOptions,
): Promise<void> {
  if (all) return await reportAll(terminal, out, json ?? false);
  using progress = new ReadingProgress(terminal, json);
  const { snapshots } = await openReadingPlace(terminal, progress.count);
  const { cwd } = terminal.io;
  // Before anything is read, it is known whether the file can be written; without a name, it takes the run's.
  await using named = out === undefined ? undefined : await OutputFile.open(path.resolve(cwd, out));
  const { folder, manifest } = await snapshots.open(wanted);
  await using file = named ?? (await OutputFile.open(await usualFile(cwd, `rollcall-${folder.runId}.html`)));
  const { parts, changes } = manifest;
  progress.expect(
    folder.runId,
    [...parts, ...(changes?.parts ?? [])].reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const report = await makeReport(snapshots, { run: folder.runId, last, nowMs: Date.now() });
  await file.write(renderPage(report));
  await file.publish();
  progress.clear();
  const { runId } = folder;
  const runs = report.history.length;
  const attention = findAttention(report).points.map(({ text }) => text);
  if (json) await terminal.printJson({ runId, users: report.facts.users, runs, attention, file: file.path });
  else await terminal.confirm(`Wrote ${file.path}: run ${runId} and ${runs - 1} before it`);
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

/** Writes a page about all tenants. */
async function reportAll(terminal: Terminal, out: string | undefined, json: boolean): Promise<void> {
  const { cwd } = terminal.io;
  const place = out === undefined ? await usualFile(cwd, "rollcall-tenants.html") : path.resolve(cwd, out);
  await using file = await OutputFile.open(place);
  const { list, states, repeats } = await lookAtTenants(terminal, YOUNG_MS, json);
  terminal.complain(...list.problems, ...repeats);
  await file.write(renderTenantsPage(states, Date.now()));
  await file.publish();
  if (json) await terminal.printJson({ tenants: states.length, file: file.path });
  else await terminal.confirm(`Wrote ${file.path}: ${sumInWords(states)}`);
}
