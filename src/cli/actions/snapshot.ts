import { createLogUpdate } from "log-update";
import type { ProgressListener } from "../../progress.ts";
import { readSettings, type Settings } from "../../settings/settings.ts";
import { folderOf } from "../../snapshot/layout.ts";
import type { Manifest } from "../../snapshot/manifest.ts";
import { type Taken, takeSnapshot } from "../../take-snapshot.ts";
import { formatBytes, formatDuration, plural } from "../../words/format.ts";
import { completenessInWords, durationMs, totalBytes } from "../../words/manifest-words.ts";
import { environmentOf } from "../environment.ts";
import { progressLine } from "../progress-line.ts";
import type { Terminal, TerminalStream } from "../terminal.ts";
import { labelled } from "../wrap.ts";

/** Options of `rollcall snapshot`. */
export interface SnapshotOptions {
  readonly json?: boolean;
  readonly acceptShrink?: boolean;
  readonly acceptUnsigned?: boolean;
}

/** Takes a snapshot. */
export async function snapshot(terminal: Terminal, { json, ...accepted }: SnapshotOptions): Promise<void> {
  const settings = readSettings(environmentOf(terminal));
  const taken = await takeWithProgress(settings, accepted, terminal);
  if (!json) return terminal.print(...summary(taken, settings.container));
  await terminal.printJson(taken.manifest);
  const later = taken.warnings.slice(taken.manifest.warnings.length);
  if (later.length > 0) terminal.complain(...later);
}

async function takeWithProgress(
  settings: Settings,
  { acceptShrink = false, acceptUnsigned = false }: SnapshotOptions,
  { io: { stderr, signal } }: Terminal,
): Promise<Taken> {
  using progress = showProgress(stderr);
  return await takeSnapshot(settings, {
    signal,
    acceptShrink,
    acceptUnsigned,
    onProgress: progress.listener,
  });
}

/** A line that is rewritten in place and cleared at the end; nothing where no terminal is. */
function showProgress(stream: TerminalStream): Disposable & { readonly listener: ProgressListener } {
  if (!stream.isTTY) return { listener: () => undefined, [Symbol.dispose]: () => undefined };
  const line = createLogUpdate(stream);
  let listingSinceMs: number | undefined;
  return {
    listener: (progress) => {
      if (progress.phase === "count") listingSinceMs = performance.now();
      line(progressLine(progress, performance.now() - (listingSinceMs ?? performance.now())));
    },
    [Symbol.dispose]: () => {
      line.clear();
      line.done();
    },
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
