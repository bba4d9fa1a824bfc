import type { ProgressListener } from "../../progress.ts";
import { readSettings, type Settings } from "../../settings/settings.ts";
import { folderOf } from "../../snapshot/layout.ts";
import type { Manifest } from "../../snapshot/manifest.ts";
import { type Taken, takeSnapshot } from "../../take-snapshot.ts";
import { formatBytes, formatDuration, plural } from "../../words/format.ts";
import { completenessInWords, durationMs, totalBytes } from "../../words/manifest-words.ts";
import { environmentOf } from "../environment.ts";
import { ProgressDisplay } from "../progress-display.ts";
import { progressLine } from "../progress-line.ts";
import type { Terminal } from "../terminal.ts";
import { labelled } from "../wrap.ts";

/** Options of `rollcall snapshot`. */
export interface SnapshotOptions {
  readonly json?: boolean;
  readonly acceptShrink?: boolean;
  readonly acceptUnsigned?: boolean;
}

/** Takes a snapshot. */
export async function snapshot(terminal: Terminal, options: SnapshotOptions): Promise<void> {
  const settings = readSettings(environmentOf(terminal));
  const taken = await takeWithProgress(settings, options, terminal);
  if (!options.json) {
    if (terminal.isQuiet && taken.warnings.length > 0) return terminal.print(...taken.warnings);
    return terminal.confirm(...summary(taken, settings.container));
  }
  await terminal.printJson(taken.manifest);
  const later = taken.warnings.slice(taken.manifest.warnings.length);
  if (later.length > 0) terminal.complain(...later);
}

async function takeWithProgress(
  settings: Settings,
  { acceptShrink = false, acceptUnsigned = false, json }: SnapshotOptions,
  terminal: Terminal,
): Promise<Taken> {
  using display = new ProgressDisplay(terminal, json);
  return await takeSnapshot(settings, {
    signal: terminal.io.signal,
    acceptShrink,
    acceptUnsigned,
    onProgress: showOn(display),
  });
}

/** Tells from the beginning on how far a run is. */
function showOn(display: ProgressDisplay): ProgressListener {
  let listingSinceMs: number | undefined;
  return (progress) => {
    if (progress.phase === "count") listingSinceMs = performance.now();
    display.show(progressLine(progress, performance.now() - (listingSinceMs ?? performance.now())));
  };
}

function summary({ manifest, warnings }: Taken, container: string): readonly string[] {
  const { path } = folderOf(manifest.tenantId, manifest.runId);
  return [
    `Snapshot ${manifest.runId} is committed.`,
    ...labelled([
      ["users", completenessInWords(manifest.completeness)],
      ["pages", plural(manifest.source.pages, "page")],
      ["parts", `${plural(manifest.parts.length, "part")}, ${formatBytes(totalBytes(manifest))}`],
      ["changes", changesInWords(manifest)],
      ["time", formatDuration(durationMs(manifest))],
      ["path", `${container}/${path}`],
      ...warnings.map((warning) => ["warning", warning] as const),
    ]),
  ];
}

function changesInWords({ changes, changesSkipped }: Manifest): string {
  if (!changes) return `none written: ${changesSkipped}`;
  const { joined, left, changed, against } = changes;
  return `${joined} joined, ${left} left, ${changed} changed since ${against}`;
}
