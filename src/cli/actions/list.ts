import {
  isUnreadable,
  type RunSummary,
  type Snapshots,
  type UnreadableRun,
} from "../../archive/snapshots.ts";
import { formatBytes, formatCount, formatMinute } from "../../words/format.ts";
import { Destination } from "../destination.ts";
import { lastNight } from "../last-night.ts";
import { writeListing } from "../listing-output.ts";
import type { OutputFormat } from "../output-format.ts";
import { noRuns, openReadingPlace, runsOrNone } from "../reading.ts";
import { ReadingProgress } from "../reading-progress.ts";
import { type RunRange, runsIn } from "../run-range.ts";
import { type Column, formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { hang } from "../wrap.ts";

const COLUMNS: readonly Column[] = [
  { title: "run" },
  { title: "finished (UTC)" },
  { title: "users", align: "right" },
  { title: "counted", align: "right" },
  { title: "verdict" },
  { title: "parts", align: "right" },
  { title: "size", align: "right" },
];

/** Of CSV. */
const FIELDS = [
  "runId",
  "finishedAt",
  "users",
  "counted",
  "verdict",
  "parts",
  "bytes",
  "latest",
  "error",
] as const;

/** Options of `rollcall list`. */
export interface ListOptions extends RunRange {
  readonly output: OutputFormat;
  readonly out?: string;
}

/** Lists the committed snapshots. */
export async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const { output, out } = options;
  await using destination = await Destination.open(terminal, out);
  using progress = new ReadingProgress(terminal, output === "json" || output === "ndjson");
  const { containerName, snapshots } = await openReadingPlace(terminal, progress.count);
  const runs = await runsOrNone(snapshots);
  const latest = await latestRun(snapshots);
  const inRange = runsIn(runs, { ...options, limit: undefined });
  const shown = inRange.slice(0, options.limit);
  const entries = await Array.fromAsync(snapshots.list(shown));
  progress.clear();
  if (output !== "table") {
    const isLatest = ({ runId }: { readonly runId: string }) => runId === latest.runId;
    const listed = entries.map((entry) => ({ ...entry, latest: isLatest(entry) }));
    await writeListing(destination, output, FIELDS, listed);
  } else if (entries.length === 0) await destination.print(noRuns(snapshots, containerName, runs.length));
  else {
    const older = inRange.length - shown.length;
    await destination.print(
      ...formatTable(COLUMNS, entries.map(asRow)),
      ...entries.flatMap(problemOf),
      ...(older > 0 ? [`${formatCount(older)} older: rollcall list --limit ${inRange.length}`] : []),
      ...hang("Latest: ", latest.runId ?? latest.problem),
    );
  }
  const failed = await lastNight(snapshots, runs[0]);
  if (output === "table") await destination.print(...failed);
  // No entry of a listing for programs, and yet nobody is to miss it.
  else terminal.complain(...failed);
  await destination.publish();
}

/** An unreadable `latest.json` must not hide the snapshots. */
async function latestRun(
  snapshots: Snapshots,
): Promise<{ readonly runId?: string; readonly problem: string }> {
  try {
    const latest = await snapshots.pointer();
    return { ...(latest && { runId: latest.runId }), problem: "none, latest.json is missing" };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { problem: `unknown (${error.doing}: ${error.problem})` };
  }
}

function asRow(entry: RunSummary | UnreadableRun): readonly string[] {
  if ("error" in entry) return [entry.runId, "", "", "", "damaged", "", ""];
  return [
    entry.runId,
    formatMinute(entry.finishedAt),
    formatCount(entry.users),
    entry.counted === null ? "none" : formatCount(entry.counted),
    entry.verdict,
    formatCount(entry.parts),
    formatBytes(entry.bytes),
  ];
}

function problemOf(entry: RunSummary | UnreadableRun): readonly string[] {
  if (!("error" in entry)) return [];
  return hang(`${entry.runId}: `, `${entry.error.doing}: ${entry.error.problem}`);
}
